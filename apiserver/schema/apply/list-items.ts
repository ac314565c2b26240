/** Identity of list items, as path elements. */
import type { FieldType } from "./field-type.ts";

type ItemList = Extract<FieldType, { kind: "list" | "set" }>;

/** `k:{…}` or `v:…` of an item; undefined when the item has no identity. */
export function itemElement(type: ItemList, item: unknown): string | undefined {
  if (type.kind === "set") return `v:${JSON.stringify(item)}`;
  if (typeof item !== "object" || item === null || Array.isArray(item)) return undefined;
  const fields = item as Readonly<Record<string, unknown>>;
  const keys: Record<string, unknown> = {};
  let isAny = false;
  for (const key of type.keys) {
    const value = Object.hasOwn(fields, key.name) ? (fields[key.name] ?? key.default) : key.default;
    if (value === undefined) continue;
    keys[key.name] = value;
    isAny = true;
  }
  return isAny ? `k:${JSON.stringify(keys)}` : undefined;
}

/** Items by identity, in the order of the list; those with the same identity stand together. */
export function itemsByElement(type: ItemList, list: readonly unknown[]): Map<string, unknown[]> {
  const items = new Map<string, unknown[]>();
  for (const [index, item] of list.entries()) {
    const element = itemElement(type, item) ?? `i:${index}`;
    const same = items.get(element);
    if (same === undefined) items.set(element, [item]);
    else same.push(item);
  }
  return items;
}
