/**
 * Keeps one certificate fresh: asks for the first, and for the next one before it ends.
 * Upstream: `client-go/util/certificate/certificate_manager.go`.
 *
 * K1. A certificate that works is used until the next one is on disk.
 * K2. A cluster that does not sign is asked again, ever more rarely; nothing else stops meanwhile.
 */
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import type { CertificateFile, HeldCertificate } from "./certificate-file.ts";
import { isExpired, rotationMs } from "./plan-rotation.ts";

export interface CertificateKeeperOptions {
  readonly name: string;
  readonly file: CertificateFile;
  readonly clock: Clock;
  readonly logger: Logger;
  request(signal: AbortSignal): Promise<{ readonly certificate: string; readonly key: string }>;
  /** A new one is there; called with the one on disk at the start, too. */
  onCertificate(held: HeldCertificate): void;
}

const RETRY_FIRST_MS = 2000;
const RETRY_MAX_MS = 128_000;

export class CertificateKeeper {
  readonly #options: CertificateKeeperOptions;

  constructor(options: CertificateKeeperOptions) {
    this.#options = options;
  }

  /** Runs until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { file, clock, onCertificate } = this.#options;
    const first = file.read();
    let held = first !== undefined && !isExpired(first.validity, clock.nowMs()) ? first : undefined;
    if (held !== undefined) onCertificate(held);
    while (!signal.aborted) {
      if (held !== undefined) {
        const atMs = rotationMs(held.validity, clock.random());
        await sleepUntil(clock, atMs, signal);
      }
      held = (await this.#renew(signal)) ?? held;
    }
  }

  async #renew(signal: AbortSignal): Promise<HeldCertificate | undefined> {
    const { name, file, clock, logger, request, onCertificate } = this.#options;
    let retryMs = RETRY_FIRST_MS;
    while (!signal.aborted) {
      try {
        const { certificate, key } = await request(signal);
        const held = file.write(certificate, key, clock.nowMs());
        logger.info({ certificate: name, until: held.validity.untilMs }, "got a certificate");
        onCertificate(held);
        return held;
      } catch (err) {
        if (signal.aborted) return undefined;
        logger.warn({ err, certificate: name }, "could not get a certificate, will try again");
        await clock.sleep(retryMs, signal);
        retryMs = Math.min(RETRY_MAX_MS, retryMs * 2);
      }
    }
    return undefined;
  }
}

/** Timers hold less than a month. */
const SLEEP_MS_MAX = 24 * 60 * 60_000;

async function sleepUntil(clock: Clock, atMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && clock.nowMs() < atMs) {
    await clock.sleep(Math.min(SLEEP_MS_MAX, atMs - clock.nowMs()), signal);
  }
}
