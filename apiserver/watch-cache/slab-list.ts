/**
 * Rows sorted by key in slabs of about 128 KiB, copied on write (upstream keeps a B-tree: `store_btree.go`). A slab
 * and everything in it never changes, so a snapshot costs one copy of the list of slabs, and what was derived from a
 * slab (its compressed form) stays right for as long as the slab lives.
 */
import { compareKeys } from "../storage/keys.ts";
import type { CachedRow } from "./cached-row.ts";

/** A LIST is written in pieces of this size; a change copies the row pointers of one slab. */
export const SLAB_BYTES = 128 * 1024;
/** Bounds the copying for small objects. */
const SLAB_ROWS_MAX = 256;

export class Slab {
  readonly rows: readonly CachedRow[];
  readonly byteLength: number;

  constructor(rows: readonly CachedRow[]) {
    this.rows = rows;
    let bytes = 0;
    for (const row of rows) bytes += row.bytes.length;
    this.byteLength = bytes;
  }
}

/** Rows `from` (inclusive) to `to` (exclusive) of a slab. */
export interface SlabPart {
  readonly slab: Slab;
  readonly from: number;
  readonly to: number;
}

/** All rows at one moment. */
export class Snapshot {
  readonly slabs: readonly Slab[];

  constructor(slabs: readonly Slab[]) {
    this.slabs = slabs;
  }

  /** Parts that hold the keys starting with `prefix`, or of these only the ones after `after`, in order. */
  *parts(prefix: string, after = ""): Generator<SlabPart> {
    const isLater = after !== "" && compareKeys(after, prefix) > 0;
    const start = isLater ? after : prefix;
    const first = slabIndexOf(this.slabs, start);
    for (let index = first; index < this.slabs.length; index++) {
      const slab = this.slabs[index];
      if (slab === undefined) return;
      // Only the first one can begin before the start.
      let from = index === first ? rowIndexOf(slab.rows, start) : 0;
      if (isLater && slab.rows[from]?.key === after) from++;
      if (from === slab.rows.length) continue;
      const to = endOfPrefix(slab.rows, from, prefix);
      if (to > from) yield { slab, from, to };
      if (to < slab.rows.length) return;
    }
  }

  *rows(prefix: string, after = ""): Generator<CachedRow> {
    for (const { slab, from, to } of this.parts(prefix, after)) {
      for (let index = from; index < to; index++) {
        const row = slab.rows[index];
        if (row !== undefined) yield row;
      }
    }
  }

  count(prefix: string, after = ""): number {
    let count = 0;
    for (const { from, to } of this.parts(prefix, after)) count += to - from;
    return count;
  }
}

export class SlabList {
  #slabs: Slab[] = [];
  #isShared = false;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): CachedRow | undefined {
    const rows = this.#slabs[slabIndexOf(this.#slabs, key)]?.rows;
    if (rows === undefined) return undefined;
    const row = rows[rowIndexOf(rows, key)];
    return row?.key === key ? row : undefined;
  }

  /** Puts a row in, and returns the one that it replaces. */
  set(row: CachedRow): CachedRow | undefined {
    const index = Math.min(slabIndexOf(this.#slabs, row.key), Math.max(0, this.#slabs.length - 1));
    const rows = this.#slabs[index]?.rows ?? [];
    const at = rowIndexOf(rows, row.key);
    const previous = rows[at]?.key === row.key ? rows[at] : undefined;
    if (previous === undefined) this.#size++;
    this.#replace(index, 1, rows.toSpliced(at, previous === undefined ? 0 : 1, row));
    return previous;
  }

  delete(key: string): CachedRow | undefined {
    const index = slabIndexOf(this.#slabs, key);
    const rows = this.#slabs[index]?.rows ?? [];
    const at = rowIndexOf(rows, key);
    const previous = rows[at];
    if (previous?.key !== key) return undefined;
    this.#size--;
    const kept = rows.toSpliced(at, 1);
    const next = this.#slabs[index + 1];
    const canMerge = kept.length < SLAB_ROWS_MAX / 4 && next !== undefined && next.rows.length < SLAB_ROWS_MAX / 4;
    this.#replace(index, canMerge ? 2 : 1, canMerge ? [...kept, ...next.rows] : kept);
    return previous;
  }

  snapshot(): Snapshot {
    this.#isShared = true;
    return new Snapshot(this.#slabs);
  }

  /** Starts again with rows that are sorted by key. */
  replaceAll(rows: readonly CachedRow[]): void {
    this.#slabs = split(rows);
    this.#isShared = false;
    this.#size = rows.length;
  }

  #replace(index: number, count: number, rows: readonly CachedRow[]): void {
    if (this.#isShared) {
      this.#slabs = this.#slabs.slice();
      this.#isShared = false;
    }
    this.#slabs.splice(index, count, ...split(rows));
  }
}

/** Slabs of a run of rows: one, unless they have grown to twice the size. */
function split(rows: readonly CachedRow[]): Slab[] {
  if (rows.length === 0) return [];
  const whole = new Slab(rows);
  if (rows.length === 1 || (whole.byteLength <= 2 * SLAB_BYTES && rows.length <= SLAB_ROWS_MAX)) return [whole];
  const slabs: Slab[] = [];
  let from = 0;
  let bytes = 0;
  for (let index = 0; index < rows.length; index++) {
    bytes += rows[index]?.bytes.length ?? 0;
    if (bytes < SLAB_BYTES && index - from + 1 < SLAB_ROWS_MAX / 2 && index < rows.length - 1) continue;
    slabs.push(new Slab(rows.slice(from, index + 1)));
    from = index + 1;
    bytes = 0;
  }
  return slabs;
}

/** Index of the first slab whose last key is not before `key`; the number of slabs when there is none. */
function slabIndexOf(slabs: readonly Slab[], key: string): number {
  let low = 0;
  let high = slabs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(slabs[middle]?.rows.at(-1)?.key ?? "", key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the first row whose key is not before `key`. */
function rowIndexOf(rows: readonly CachedRow[], key: string): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(rows[middle]?.key ?? "", key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** First index at or after `from` whose key does not start with `prefix`: such keys stand together. */
function endOfPrefix(rows: readonly CachedRow[], from: number, prefix: string): number {
  if (rows.at(-1)?.key.startsWith(prefix) === true) return rows.length;
  let low = from;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows[middle]?.key.startsWith(prefix) === true) low = middle + 1;
    else high = middle;
  }
  return low;
}
