/**
 * A certificate with its key in one file, `NAME-current.pem`, which is a link to the newest of several.
 * Upstream: `client-go/util/certificate/certificate_store.go`.
 */
import { X509Certificate } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Validity } from "./plan-rotation.ts";

export interface HeldCertificate {
  readonly certificate: string;
  readonly key: string;
  readonly validity: Validity;
}

/** Older ones are kept for who still reads them. */
const KEPT = 2;

/** Throws for what is no certificate. */
export function certificateValidity(pem: string): Validity {
  const { validFromDate, validToDate } = new X509Certificate(pem);
  return { fromMs: validFromDate.getTime(), untilMs: validToDate.getTime() };
}

export class CertificateFile {
  readonly path: string;
  readonly #folder: string;
  readonly #name: string;

  /** `name` is `kubelet-client` or `kubelet-server`. */
  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
    this.path = join(folder, `${name}-current.pem`);
  }

  /** Undefined when there is none, or none that can be read. */
  read(): HeldCertificate | undefined {
    try {
      const text = readFileSync(this.path, "utf8");
      const certificate = [...text.matchAll(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----\n?/g)].join(
        "",
      );
      const key = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----\n?/.exec(text)?.[0];
      if (key === undefined) return undefined;
      return { certificate, key, validity: certificateValidity(certificate) };
    } catch {
      return undefined;
    }
  }

  /** The link moves last: a reader sees the old pair or the new one. */
  write(certificate: string, key: string, nowMs: number): HeldCertificate {
    mkdirSync(this.#folder, { recursive: true, mode: 0o750 });
    const stamp = new Date(nowMs).toISOString().replaceAll(":", "-").replace("T", "-").slice(0, 23);
    const file = `${this.#name}-${stamp}.pem`;
    writeFileSync(join(this.#folder, file), `${certificate.trimEnd()}\n${key}`, { mode: 0o600 });
    const link = `${this.path}.new`;
    rmSync(link, { force: true });
    symlinkSync(file, link);
    renameSync(link, this.path);
    this.#forgetOld();
    return { certificate, key, validity: certificateValidity(certificate) };
  }

  #forgetOld(): void {
    const pattern = new RegExp(`^${this.#name}-\\d.*\\.pem$`);
    const files = readdirSync(this.#folder).filter((file) => pattern.test(file));
    for (const file of files.toSorted().slice(0, -KEPT)) rmSync(join(this.#folder, file), { force: true });
  }
}
