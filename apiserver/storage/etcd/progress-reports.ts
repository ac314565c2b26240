/**
 * How a watch learns that nothing is missing up to a revision. etcd answers progress requests rightly from 3.4.25 and
 * 3.5.8 on (etcd-io/etcd#15220: before, the answer could overtake events). Older ones get a fence instead: a write to
 * a key of our own inside the watched prefix, whose event comes after all events before it.
 */
import type { Etcd3 } from "etcd3";
import { REGISTRY_ROOT } from "../keys.ts";

/** Sorts behind all resources and belongs to none. */
const FENCE_KEY = `${REGISTRY_ROOT}~progress`;

export class ProgressReports {
  readonly #client: Etcd3;
  #trusted: Promise<boolean> | undefined;
  #areTrusted = false;
  #fence: Promise<unknown> | undefined;

  constructor(client: Etcd3) {
    this.#client = client;
  }

  /** Whether answers to progress requests may be believed; false until the version is known. */
  get areTrusted(): boolean {
    return this.#areTrusted;
  }

  isFence(key: string): boolean {
    return key === FENCE_KEY;
  }

  /** Sends a progress request, or puts a fence into the prefix. One fence at a time is enough for everybody. */
  async request(prefix: string, send: () => void): Promise<void> {
    if (await this.#detect()) return send();
    if (!FENCE_KEY.startsWith(prefix)) return;
    this.#fence ??= this.#client.kv.put({ key: Buffer.from(FENCE_KEY), value: Buffer.alloc(0) }).finally(() => {
      this.#fence = undefined;
    });
    await this.#fence;
  }

  #detect(): Promise<boolean> {
    this.#trusted ??= this.#client.maintenance.status().then(
      ({ version }) => {
        this.#areTrusted = answersProgressRightly(version);
        return this.#areTrusted;
      },
      (error: unknown) => {
        this.#trusted = undefined;
        throw error;
      },
    );
    return this.#trusted;
  }
}

/** Upstream: `storage/feature/feature_support_checker.go`. */
export function answersProgressRightly(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map(Number);
  if (major !== 3 || minor > 5) return major > 3 || minor > 5;
  return (minor === 5 && patch >= 8) || (minor === 4 && patch >= 25);
}
