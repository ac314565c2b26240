/** Which elements of lists are the same, as text: so that long lists are matched in one pass over each. */

/** Equal for values that are deeply equal, whatever the order of their keys. */
export function identityOf(value: unknown): string {
  return JSON.stringify(value, sortKeys) ?? "undefined";
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value) || Object.isFrozen(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** Identity of an element of a list that is merged by `mergeKey`; bare keys count as elements too. */
export function elementIdentity(item: unknown, mergeKey: string | undefined): string {
  if (mergeKey === undefined || typeof item !== "object" || item === null) return identityOf(item);
  return identityOf((item as Record<string, unknown>)[mergeKey]);
}

/** The first place of each element. */
export function placesOf(list: readonly unknown[], mergeKey: string | undefined): Map<string, number> {
  const places = new Map<string, number>();
  for (const [index, item] of list.entries()) {
    const identity = elementIdentity(item, mergeKey);
    if (!places.has(identity)) places.set(identity, index);
  }
  return places;
}
