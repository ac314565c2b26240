/**
 * Leases for keys with a time to live. A lease serves all writes of about a minute, so that events do not cost a
 * lease each; keys live up to that much longer (upstream: `etcd3/lease_manager.go`).
 */
import type { Etcd3 } from "etcd3";
import type { Clock } from "../../../shared/process/clock.ts";

/** Upstream's `defaultLeaseReuseDurationSeconds`; never more than this share of the time to live. */
const REUSE_SECONDS_MAX = 60;
const REUSE_SHARE_MAX = 0.05;
/** Upstream's `defaultLeaseMaxObjectCount`: revoking a lease deletes its keys in one transaction. */
const KEYS_PER_LEASE_MAX = 1000;

interface Lease {
  readonly id: Promise<string>;
  readonly reusableUntilMs: number;
  keys: number;
}

export class Leases {
  readonly #client: Etcd3["leaseClient"];
  readonly #clock: Clock;
  readonly #byTtl = new Map<number, Lease>();

  constructor(client: Etcd3["leaseClient"], clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** Id of a lease that lasts at least so long. */
  leaseFor(ttlSeconds: number): Promise<string> {
    const known = this.#byTtl.get(ttlSeconds);
    if (known !== undefined && known.keys < KEYS_PER_LEASE_MAX && this.#clock.monotonicMs() < known.reusableUntilMs) {
      known.keys++;
      return known.id;
    }
    const reuseSeconds = Math.min(REUSE_SECONDS_MAX, Math.floor(ttlSeconds * REUSE_SHARE_MAX));
    const id = this.#client.leaseGrant({ TTL: ttlSeconds + reuseSeconds }).then((lease) => lease.ID);
    this.#byTtl.set(ttlSeconds, { id, keys: 1, reusableUntilMs: this.#clock.monotonicMs() + reuseSeconds * 1000 });
    id.catch(() => this.forget(ttlSeconds));
    return id;
  }

  /** The lease turned out to be gone. */
  forget(ttlSeconds: number): void {
    this.#byTtl.delete(ttlSeconds);
  }
}
