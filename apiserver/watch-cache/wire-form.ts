import { withRevision } from "../storage/codec.ts";
import type { StoredValue } from "../storage/storage.ts";

/** Bytes as readers get them; those that are no object stay what they are, and the caches say so. */
export function wireBytes({ value, modRevision }: StoredValue): Buffer {
  try {
    return withRevision(value, modRevision);
  } catch {
    return value;
  }
}

/** Turns values one after the other, so that the stored form of one makes room for the next. */
export function replaceEach(items: StoredValue[], turn: (item: StoredValue) => StoredValue): StoredValue[] {
  for (const [index, item] of items.entries()) items[index] = turn(item);
  return items;
}
