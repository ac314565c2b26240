import { CsiError } from "../../shared/csi/csi-error.ts";

/** One operation at a time for each volume; a second one is told to come again, as the CSI spec wants it. */
export class KeyLock {
  readonly #held = new Set<string>();

  async hold<T>(key: string, work: () => Promise<T>): Promise<T> {
    if (this.#held.has(key)) {
      throw new CsiError("ABORTED", `An operation with the given Volume ID ${key} already exists`);
    }
    this.#held.add(key);
    try {
      return await work();
    } finally {
      this.#held.delete(key);
    }
  }
}
