/**
 * Where the elements of a merged list go. Elements named by the patch follow the patch's order, the others keep the
 * order they had; between the two, an element that only the server has comes first only where it stood before.
 */
import { elementIdentity, placesOf } from "./element-identity.ts";

interface Placed {
  readonly item: unknown;
  /** Places in the patch's order and in the original list. */
  readonly wanted: number | undefined;
  readonly stood: number | undefined;
}

/** `order` is the patch's list (elements or bare keys), `original` the list as it was. */
export function orderMerged(
  merged: readonly unknown[],
  order: readonly unknown[],
  original: readonly unknown[],
  mergeKey: string | undefined,
): unknown[] {
  const [wanted, stood] = [placesOf(order, mergeKey), placesOf(original, mergeKey)];
  const all = merged.map((item): Placed => {
    const identity = elementIdentity(item, mergeKey);
    return { item, wanted: wanted.get(identity), stood: stood.get(identity) };
  });
  const byPatch = all.filter((one) => one.wanted !== undefined);
  byPatch.sort((left, right) => (left.wanted ?? 0) - (right.wanted ?? 0));
  const byServer = all.filter((one) => one.wanted === undefined);
  const result: unknown[] = [];
  let [next, nextServer] = [0, 0];
  for (;;) {
    const [patched, kept] = [byPatch[next], byServer[nextServer]];
    if (patched === undefined || kept === undefined) break;
    const isServersTurn = kept.stood !== undefined && patched.stood !== undefined && kept.stood < patched.stood;
    result.push(isServersTurn ? kept.item : patched.item);
    if (isServersTurn) nextServer++;
    else next++;
  }
  for (const { item } of byPatch.slice(next)) result.push(item);
  for (const { item } of byServer.slice(nextServer)) result.push(item);
  return result;
}
