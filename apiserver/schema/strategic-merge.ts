/**
 * Strategic merge patch (`apimachinery/pkg/util/strategicpatch`): like a merge patch, but lists whose schema says so are
 * merged by key. Directives: `$patch: replace|delete` in maps and list elements, `$retainKeys`,
 * `$deleteFromPrimitiveList/<field>`, `$setElementOrder/<field>`.
 *
 * M1  Neither argument is changed. M2  No directive survives in the result. M3  A patch that makes no sense is 400.
 */
import { badRequest } from "../../shared/errors/status-error.ts";
import { clone, setOwn } from "../../shared/machinery/clone.ts";
import { definitionNameOf, definitions, type GroupVersionKind, resolve, type Schema } from "./definitions.ts";
import { identityOf, placesOf } from "./element-identity.ts";
import { orderMerged } from "./strategic-merge-order.ts";

const DIRECTIVE = "$patch";
const RETAIN_KEYS = "$retainKeys";
const DELETE_FROM = "$deleteFromPrimitiveList/";
const ELEMENT_ORDER = "$setElementOrder/";

type Fields = Record<string, unknown>;

/** Applies `patch` to `original`, both of that kind. Throws 400 for a patch that cannot be applied. */
export function strategicMergePatch(gvk: GroupVersionKind, original: unknown, patch: unknown): unknown {
  if (!isFields(patch)) throw badRequest("error decoding patch: a strategic merge patch must be an object");
  const definition = definitionNameOf(gvk);
  const schema = (definition === undefined ? undefined : definitions[definition]) ?? {};
  return mergeFields(isFields(original) ? original : {}, patch, schema);
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !Object.isFrozen(value);
}

function mergeFields(original: Fields, patch: Fields, schema: Schema): Fields {
  const directive = patch[DIRECTIVE];
  if (directive === "replace") return withoutDirectives(patch) as Fields;
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "merge")
    throw badRequest(
      `unknown patch type found: ${typeof directive === "string" ? directive : JSON.stringify(directive)}`,
    );
  const result: Fields = {};
  const retained = retainedKeys(patch);
  for (const [key, value] of Object.entries(original)) {
    if (retained === undefined || retained.has(key)) setOwn(result, key, value);
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key === DIRECTIVE || key === RETAIN_KEYS) continue;
    if (key.startsWith(DELETE_FROM)) deleteFromList(result, key.slice(DELETE_FROM.length), value);
    else if (key.startsWith(ELEMENT_ORDER)) reorderOnly(result, patch, key.slice(ELEMENT_ORDER.length), schema, value);
    else mergeField(result, key, value, schema, patch[ELEMENT_ORDER + key]);
  }
  return clone(result);
}

function retainedKeys(patch: Fields): Set<string> | undefined {
  const list = patch[RETAIN_KEYS];
  if (list === undefined) return undefined;
  if (!Array.isArray(list) || list.some((key) => typeof key !== "string"))
    throw badRequest("$retainKeys must be a list of strings");
  const keys = new Set<string>(list as string[]);
  for (const [key, value] of Object.entries(patch)) {
    if (!key.startsWith("$") && value !== null && !keys.has(key)) {
      throw badRequest("all fields in the patch must be in $retainKeys when it is present");
    }
  }
  return keys;
}

function mergeField(result: Fields, key: string, value: unknown, owner: Schema, order: unknown): void {
  if (value === null) {
    delete result[key];
    return;
  }
  const declared = Object.hasOwn(owner.properties ?? {}, key) ? owner.properties?.[key] : owner.additionalProperties;
  const schema = declared ?? {};
  const strategies = (schema["x-kubernetes-patch-strategy"] ?? "").split(",");
  const current = Object.hasOwn(result, key) ? result[key] : undefined;
  if (isFields(value)) {
    const isReplaced = strategies.includes("replace");
    const base = isFields(current) && !isReplaced ? current : {};
    setOwn(result, key, mergeFields(base, value, resolve(schema)));
  } else if (Array.isArray(value) && strategies.includes("merge")) {
    const base: unknown[] = Array.isArray(current) ? current : [];
    setOwn(result, key, mergeLists(base, value, schema, Array.isArray(order) ? order : undefined));
  } else {
    setOwn(result, key, withoutDirectives(value));
  }
}

function deleteFromList(result: Fields, key: string, value: unknown): void {
  if (!Array.isArray(value)) throw badRequest(`${DELETE_FROM}${key} must be a list`);
  const current = result[key];
  if (!Array.isArray(current)) return;
  const gone = new Set(value.map(identityOf));
  result[key] = current.filter((item) => !gone.has(identityOf(item)));
}

/** `$setElementOrder` without a patch of the list itself. */
function reorderOnly(result: Fields, patch: Fields, key: string, owner: Schema, order: unknown): void {
  if (!Array.isArray(order)) throw badRequest(`${ELEMENT_ORDER}${key} must be a list`);
  const current = result[key];
  if (Object.hasOwn(patch, key) || !Array.isArray(current)) return;
  const mergeKey = owner.properties?.[key]?.["x-kubernetes-patch-merge-key"];
  result[key] = orderMerged(current, order, current, mergeKey);
}

function mergeLists(
  original: readonly unknown[],
  patch: readonly unknown[],
  schema: Schema,
  order: unknown[] | undefined,
): unknown[] {
  const mergeKey = schema["x-kubernetes-patch-merge-key"];
  if (mergeKey === undefined) {
    const added = new Map(patch.map((item) => [identityOf(item), item]));
    const known = new Set(original.map(identityOf));
    const merged = [...original, ...[...added].filter(([identity]) => !known.has(identity)).map(([, item]) => item)];
    return orderMerged(merged, order ?? patch, original, undefined);
  }
  const { remaining, items, replaces } = applyElementDirectives(original, patch, mergeKey);
  if (replaces) return items.map(withoutDirectives);
  const merged = [...remaining];
  const places = placesOf(remaining, mergeKey);
  for (const item of items) {
    const identity = identityOf(item[mergeKey]);
    const at = places.get(identity) ?? merged.length;
    const base = merged[at];
    places.set(identity, at);
    merged[at] = mergeFields(isFields(base) ? base : {}, item, resolve(schema.items ?? {}));
  }
  return orderMerged(merged, order ?? items, remaining, mergeKey);
}

interface ElementPatch {
  readonly remaining: readonly unknown[];
  readonly items: readonly Fields[];
  /** The list is replaced by the items. */
  readonly replaces: boolean;
}

/** Carries out `$patch` of single elements: `delete` takes the match away, `replace` drops all the rest. */
function applyElementDirectives(
  original: readonly unknown[],
  patch: readonly unknown[],
  mergeKey: string,
): ElementPatch {
  const deleted = new Set<string>();
  let replaces = false;
  const items: Fields[] = [];
  for (const item of patch) {
    if (!isFields(item))
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${mergeKey}`);
    const directive = item[DIRECTIVE];
    if (directive === "replace" && !Object.hasOwn(item, mergeKey)) {
      replaces = true;
      continue;
    }
    if (!Object.hasOwn(item, mergeKey)) {
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${mergeKey}`);
    }
    if (directive === "delete") deleted.add(identityOf(item[mergeKey]));
    else items.push(item);
  }
  const remaining = original.filter((one) => !isFields(one) || !deleted.has(identityOf(one[mergeKey])));
  return { remaining, items, replaces };
}

/** What is put where nothing was: directives and nulls do not become data. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value
      .filter((item) => !isFields(item) || (item[DIRECTIVE] !== "delete" && !isBareDirective(item)))
      .map(withoutDirectives);
  }
  if (!isFields(value)) return value;
  const result: Fields = {};
  for (const [key, child] of Object.entries(value)) {
    const isDirective =
      key === DIRECTIVE || key === RETAIN_KEYS || key.startsWith(DELETE_FROM) || key.startsWith(ELEMENT_ORDER);
    if (!isDirective && child !== null) setOwn(result, key, withoutDirectives(child));
  }
  return result;
}

function isBareDirective(item: Fields): boolean {
  return item[DIRECTIVE] !== undefined && Object.keys(item).length === 1;
}
