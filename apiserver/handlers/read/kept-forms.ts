/**
 * How much of the second byte form is kept, over all rows. A row's form goes with the row; here only its size is
 * remembered, until the row is seen to be gone.
 *
 * K1  What is kept, with what is not yet known to be gone, is at most `bytesMax`: beyond that nothing more is kept.
 * K2  For each new form some of the oldest are looked at, so the memory of rows that are gone does not add up.
 */
import type { CachedRow } from "../../watch-cache/cached-row.ts";

/** More than one, so that looking is faster than coming. */
const LOOKS_PER_ROW = 4;

interface Kept {
  readonly row: WeakRef<CachedRow>;
  readonly byteLength: number;
}

export class KeptForms {
  readonly #bytesMax: number;
  /** Oldest first, from `#first` on; what is looked at and still there goes to the end. */
  #queue: Kept[] = [];
  #first = 0;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#queue.length - this.#first;
  }

  /** Keeps it with its row when there is room. */
  keep(row: CachedRow, item: Buffer): void {
    row.protobuf ??= { byteLength: item.length, item: undefined };
    for (let looks = Math.min(LOOKS_PER_ROW, this.count); looks > 0; looks--) this.#lookAtOldest();
    if (this.#bytes + item.length > this.#bytesMax) return;
    row.protobuf.item = item;
    this.#bytes += item.length;
    this.#queue.push({ row: new WeakRef(row), byteLength: item.length });
  }

  #lookAtOldest(): void {
    const oldest = this.#queue[this.#first++];
    if (oldest === undefined) return;
    if (oldest.row.deref() === undefined) this.#bytes -= oldest.byteLength;
    else this.#queue.push(oldest);
    if (this.#first <= this.#queue.length / 2) return;
    this.#queue = this.#queue.slice(this.#first);
    this.#first = 0;
  }
}
