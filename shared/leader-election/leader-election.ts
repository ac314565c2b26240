/**
 * One of several processes leads, by holding a Lease (client-go `tools/leaderelection`).
 *
 * Invariants:
 * L1 A lease of another holder is taken only when we saw it unchanged for its whole duration by our own monotonic
 *    clock: clocks of machines are never compared.
 * L2 Who could not renew within the renew deadline stops leading before the lease can be taken by another.
 * L3 `isLeading` is decided by the clock, not by a timer: a process that was suspended and wakes up after its lease
 *    ran out answers no at once.
 * L4 An orderly stop gives the lease back after the work has ended, so that the next one starts without waiting.
 */
import type { Lease, LeaseSpec } from "../api/generated/coordination/v1.ts";
import type { ApiClient } from "../client/api-client.ts";
import { isAlreadyExists, isConflict, isNotFound } from "../errors/status-error.ts";
import { type Clock, rfc3339Micro } from "../process/clock.ts";
import type { Logger } from "../process/logger.ts";
import { leases } from "../resources/catalog.ts";
import { apiVersionOf } from "../resources/resource.ts";

export interface Leadership {
  /** Aborts when the lead is lost or the process stops. */
  readonly signal: AbortSignal;
  /** False as soon as another process may lead (L3): check it before every write. */
  isLeading(): boolean;
}

export interface LeaderElectionOptions {
  readonly client: ApiClient;
  readonly lease: { readonly namespace: string; readonly name: string };
  /** Unique for this process. */
  readonly identity: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The work. It must end soon after its signal aborts. */
  readonly onLeading: (leadership: Leadership) => Promise<void>;
  /** Ends the election; the lease is given back. */
  readonly signal: AbortSignal;
  readonly leaseDurationMs?: number | undefined;
  readonly renewDeadlineMs?: number | undefined;
  readonly retryPeriodMs?: number | undefined;
}

/** Times of component-base's defaults. */
const LEASE_DURATION_MS = 15_000;
const RENEW_DEADLINE_MS = 10_000;
const RETRY_PERIOD_MS = 2000;
/** Candidates retry up to this much later than the period, so that they do not collide forever. */
const JITTER = 1.2;

/** Another process took over, or the lease could not be renewed in time. */
export class LeadershipLostError extends Error {
  override readonly name = "LeadershipLostError";
}

type Attempt = { readonly outcome: "held" } | { readonly outcome: "other"; readonly holder: string };

class LeaseLock {
  readonly #options: LeaderElectionOptions;
  readonly #durationMs: number;
  /** The lease as last seen, and when we first saw it like that (L1). */
  #observed: { lease: Lease; atMs: number } | undefined;

  constructor(options: LeaderElectionOptions, durationMs: number) {
    this.#options = options;
    this.#durationMs = durationMs;
  }

  /** Takes or renews the lease. Rejects when the server cannot be asked. */
  async acquireOrRenew(signal: AbortSignal): Promise<Attempt> {
    const { client, identity, lease: at, clock } = this.#options;
    let current: Lease;
    try {
      current = await client.get(leases, at, signal);
    } catch (err) {
      if (!isNotFound(err)) throw err;
      return this.#create(signal);
    }
    this.#observe(current);
    const holder = current.spec.holderIdentity ?? "";
    const heldUntilMs = (this.#observed?.atMs ?? 0) + (current.spec.leaseDurationSeconds ?? 0) * 1000;
    const isFree = holder === "" || holder === identity || heldUntilMs < clock.monotonicMs();
    if (!isFree) return { outcome: "other", holder };
    return this.#write(current, this.#specFor(current.spec, holder === identity), signal);
  }

  /** Gives the lease back when we hold it. */
  async release(): Promise<void> {
    const { client, identity, clock } = this.#options;
    const observed = this.#observed?.lease;
    if (observed?.spec.holderIdentity !== identity) return;
    const now = rfc3339Micro(clock.nowMs());
    const spec = { ...observed.spec, holderIdentity: "", leaseDurationSeconds: 1, renewTime: now, acquireTime: now };
    await client.update(leases, { ...observed, spec });
  }

  #observe(lease: Lease): void {
    if (this.#observed?.lease.metadata.resourceVersion === lease.metadata.resourceVersion) return;
    this.#observed = { lease, atMs: this.#options.clock.monotonicMs() };
  }

  #specFor(current: LeaseSpec, isRenewal: boolean): LeaseSpec {
    const now = rfc3339Micro(this.#options.clock.nowMs());
    const transitions = current.leaseTransitions ?? 0;
    return {
      ...current,
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: Math.ceil(this.#durationMs / 1000),
      renewTime: now,
      acquireTime: isRenewal ? (current.acquireTime ?? now) : now,
      leaseTransitions: isRenewal ? transitions : transitions + 1,
    };
  }

  async #create(signal: AbortSignal): Promise<Attempt> {
    const { client, lease } = this.#options;
    const spec = { ...this.#specFor({}, true), leaseTransitions: 0 };
    const draft: Lease = { apiVersion: apiVersionOf(leases), kind: leases.kind, metadata: { ...lease }, spec };
    try {
      this.#observe(await client.create(leases, draft, { namespace: lease.namespace, signal }));
      return { outcome: "held" };
    } catch (err) {
      if (isAlreadyExists(err)) return { outcome: "other", holder: "" };
      throw err;
    }
  }

  async #write(current: Lease, spec: LeaseSpec, signal: AbortSignal): Promise<Attempt> {
    try {
      this.#observe(await this.#options.client.update(leases, { ...current, spec }, { signal }));
      return { outcome: "held" };
    } catch (err) {
      if (isConflict(err)) return { outcome: "other", holder: "" };
      throw err;
    }
  }
}

/**
 * Waits until this process leads, then runs the work. Resolves when `signal` aborted or the work ended; rejects with
 * `LeadershipLostError` when the lead was lost: the process should end then, for its work may be half done.
 */
export async function runLeaderElection(options: LeaderElectionOptions): Promise<void> {
  const { clock, logger, signal, identity } = options;
  const durationMs = options.leaseDurationMs ?? LEASE_DURATION_MS;
  const deadlineMs = options.renewDeadlineMs ?? RENEW_DEADLINE_MS;
  const retryMs = options.retryPeriodMs ?? RETRY_PERIOD_MS;
  const lock = new LeaseLock(options, durationMs);
  let renewedAtMs = await acquire(options, lock, retryMs);
  if (renewedAtMs === undefined) return;
  logger.info({ identity, lease: options.lease.name }, "leading");

  const lost = new AbortController();
  const leading: Leadership = {
    signal: AbortSignal.any([signal, lost.signal]),
    isLeading: () => !lost.signal.aborted && clock.monotonicMs() - (renewedAtMs ?? 0) < durationMs,
  };
  let isWorkDone = false;
  const work = options.onLeading(leading).finally(() => {
    isWorkDone = true;
    lost.abort();
  });
  // Heard here so that a failure of the work while the lease is renewed is not an unhandled rejection.
  work.catch(() => undefined);
  while (!leading.signal.aborted) {
    await clock.sleep(retryMs, leading.signal);
    if (leading.signal.aborted) break;
    const startMs = clock.monotonicMs();
    if (await renew(options, lock, renewedAtMs + deadlineMs - startMs, leading.signal)) renewedAtMs = startMs;
    else if (clock.monotonicMs() - renewedAtMs >= deadlineMs) lost.abort();
  }
  const isLost = !signal.aborted && !isWorkDone;
  await work;
  if (isLost)
    throw new LeadershipLostError(`${identity} lost the lease ${options.lease.namespace}/${options.lease.name}`);
  await lock.release().catch((err: unknown) => logger.warn({ err }, "the lease could not be given back"));
}

/** Resolves with the time of the first successful write, or with nothing when `signal` aborts before. */
async function acquire(options: LeaderElectionOptions, lock: LeaseLock, retryMs: number): Promise<number | undefined> {
  const { clock, logger, signal } = options;
  let lastHolder: string | undefined;
  while (!signal.aborted) {
    const startMs = clock.monotonicMs();
    try {
      const attempt = await lock.acquireOrRenew(signal);
      if (attempt.outcome === "held") return startMs;
      if (attempt.holder !== lastHolder) logger.info({ holder: attempt.holder }, "another process leads");
      lastHolder = attempt.holder;
    } catch (err) {
      if (!signal.aborted) logger.warn({ err }, "the lease could not be read or written");
    }
    await clock.sleep(retryMs * (1 + clock.random() * JITTER), signal);
  }
  return undefined;
}

/** One try to renew, cut off at the deadline. */
async function renew(
  options: LeaderElectionOptions,
  lock: LeaseLock,
  leftMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const cut = new AbortController();
  const timer = options.clock.after(Math.max(0, leftMs), () => cut.abort());
  try {
    const attempt = await lock.acquireOrRenew(AbortSignal.any([signal, cut.signal]));
    return attempt.outcome === "held";
  } catch (err) {
    if (!signal.aborted) options.logger.warn({ err }, "the lease could not be renewed");
    return false;
  } finally {
    timer.cancel();
  }
}
