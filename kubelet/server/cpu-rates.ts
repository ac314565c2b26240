/** Processor use over the time between two looks, which must be a second apart. */
interface Look {
  readonly nanoSeconds: number;
  readonly atMs: number;
  readonly rate: number | undefined;
}

const APART_MS = 1000;
/** Containers that are gone are forgotten when there are more than this. */
const ENTRIES_MAX = 5000;

export class CpuRates {
  readonly #looks = new Map<string, Look>();

  /** Thousand-millionths of a core; undefined at the first look. */
  rate(id: string, nanoSeconds: number, atMs: number): number | undefined {
    const before = this.#looks.get(id);
    if (before !== undefined && atMs - before.atMs < APART_MS) return before.rate;
    const isSame = before !== undefined && nanoSeconds >= before.nanoSeconds;
    const rate = isSame ? Math.floor(((nanoSeconds - before.nanoSeconds) * 1000) / (atMs - before.atMs)) : undefined;
    this.#looks.delete(id);
    this.#looks.set(id, { nanoSeconds, atMs, rate });
    const oldest = this.#looks.keys().next();
    if (this.#looks.size > ENTRIES_MAX && oldest.done !== true) this.#looks.delete(oldest.value);
    return rate;
  }
}
