/**
 * Where the elements of a merged list go. Elements named by the patch follow the patch's order, the others keep the
 * order they had; between the two, an element that only the server has comes first only where it stood before.
 */
import { deepEqual } from "../../shared/machinery/deep-equal.ts";

/** `order` is the patch's list (elements or bare keys), `original` the list as it was. */
export function orderMerged(
  merged: readonly unknown[],
  order: readonly unknown[],
  original: readonly unknown[],
  mergeKey: string | undefined,
): unknown[] {
  const keyOf = (item: unknown): unknown =>
    mergeKey === undefined || typeof item !== "object" || item === null
      ? item
      : (item as Record<string, unknown>)[mergeKey];
  const positionIn = (list: readonly unknown[], item: unknown): number =>
    list.findIndex((other) => deepEqual(keyOf(other), keyOf(item)));
  const byPatch = merged.filter((item) => positionIn(order, item) >= 0);
  byPatch.sort((left, right) => positionIn(order, left) - positionIn(order, right));
  const byServer = merged.filter((item) => positionIn(order, item) < 0);
  const result: unknown[] = [];
  while (byPatch.length > 0 && byServer.length > 0) {
    const before = positionIn(original, byServer[0]);
    const after = positionIn(original, byPatch[0]);
    const isServersTurn = before >= 0 && after >= 0 && before < after;
    result.push((isServersTurn ? byServer : byPatch).shift());
  }
  return [...result, ...byPatch, ...byServer];
}
