/** Lays an applied configuration over what is there (structured-merge-diff `typed/merge.go`). */
import { setOwn } from "../../../shared/machinery/clone.ts";
import type { FieldType } from "./field-type.ts";
import { itemsByElement } from "./list-items.ts";
import { type Fields, isEmptyOrMissing, isFields, partsOf, typeOfField } from "./value-shape.ts";

const UNTYPED: FieldType = { kind: "untyped" };

/** What `config` says wins; the rest stays. Neither is changed; the result may share parts with both. */
export function mergeConfiguration(type: FieldType, live: unknown, config: unknown): unknown {
  if (config === undefined) return live;
  if (live === undefined) return config;
  // Nothing in place of a container changes none of what is in it.
  if (config === null && partsOf(type, live) !== "none") return isEmptyOrMissing(live) ? null : live;
  if (partsOf(type, live) === "none" || partsOf(type, config) === "none") return config;
  if (isFields(live) && isFields(config)) return mergeFields(type, live, config);
  if ((type.kind === "list" || type.kind === "set") && Array.isArray(live) && Array.isArray(config)) {
    return mergeItems(type, live, config);
  }
  return config;
}

function mergeFields(type: FieldType, live: Fields, config: Fields): Fields {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(live)) {
    const given = Object.hasOwn(config, name) ? config[name] : undefined;
    setOwn(result, name, mergeConfiguration(typeOfField(type, name) ?? UNTYPED, value, given));
  }
  for (const [name, value] of Object.entries(config)) if (!Object.hasOwn(live, name)) setOwn(result, name, value);
  return result;
}

/** Shared items in the order of the configuration; items that only the live list has stay before what they stood before. */
function mergeItems(
  type: Extract<FieldType, { kind: "list" | "set" }>,
  live: readonly unknown[],
  config: readonly unknown[],
): unknown[] {
  const [left, right] = [itemsByElement(type, live), itemsByElement(type, config)];
  const wanted = [...right.keys()];
  const places = new Map(wanted.map((element, index) => [element, index]));
  const result: unknown[] = [];
  let next = 0;
  const takeUntil = (end: number): void => {
    for (; next < end; next++) {
      const element = wanted[next] ?? "";
      const [known] = left.get(element) ?? [];
      for (const item of right.get(element) ?? []) result.push(mergeConfiguration(type.element, known, item));
    }
  };
  for (const [element, items] of left) {
    const place = places.get(element);
    if (place === undefined) result.push(...items);
    else takeUntil(place + 1);
  }
  takeUntil(wanted.length);
  return result;
}
