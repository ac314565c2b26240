/**
 * Read, change, write, and again when somebody else was faster (upstream: GuaranteedUpdate of
 * `apiserver/pkg/storage/etcd3/store.go`).
 */
import type { Storage, StoredValue } from "./storage.ts";

export interface UpdatedValue {
  /** Stored bytes; the present ones when nothing changed. */
  readonly value: Buffer;
  readonly revision: number;
  readonly wasWritten: boolean;
}

export interface UpdateOptions {
  readonly ttlSeconds?: number;
  /** What the caller believes is stored: saves the first read when it is right. */
  readonly suggestion?: StoredValue;
}

/**
 * `change` gets what is stored (nothing when the key is missing) and returns the new bytes; what it throws, this
 * throws. It is called again with the newer value after a lost race, so it must not have side effects. Equal bytes
 * are not written. A mistaken suggestion is noticed: an error or an unchanged value is only believed when it came
 * from a fresh read.
 */
export async function guaranteedUpdate(
  storage: Storage,
  key: string,
  change: (current: StoredValue | undefined) => Buffer | Promise<Buffer>,
  options: UpdateOptions = {},
): Promise<UpdatedValue> {
  const { suggestion, ...writeOptions } = options;
  let isFresh = suggestion === undefined;
  let current = suggestion ?? (await storage.get(key)).item;
  for (;;) {
    let value: Buffer;
    try {
      value = await change(current);
    } catch (error) {
      if (isFresh) throw error;
      ({ current, isFresh } = await reread(storage, key));
      continue;
    }
    if (current !== undefined && value.equals(current.value)) {
      if (isFresh) return { value, revision: current.modRevision, wasWritten: false };
      ({ current, isFresh } = await reread(storage, key));
      continue;
    }
    const result =
      current === undefined
        ? await storage.create(key, value, writeOptions)
        : await storage.update(key, value, current.modRevision, writeOptions);
    if (result.kind === "written") return { value, revision: result.revision, wasWritten: true };
    current = result.current;
    isFresh = true;
  }
}

async function reread(storage: Storage, key: string): Promise<{ current: StoredValue | undefined; isFresh: true }> {
  return { current: (await storage.get(key)).item, isFresh: true };
}
