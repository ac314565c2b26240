/**
 * Sets of field paths in the form in which managedFields keeps them, FieldsV1: an object whose keys are path elements
 * (`f:spec`, `k:{"name":"a"}`, `v:1`, `i:0`) and whose values are the sets below. A path is a member when its object
 * is empty or has the key `.` (upstream: structured-merge-diff `fieldpath`, `apimachinery/pkg/apis/meta/v1`).
 *
 * F1  Sets are never changed once made; results may share parts with arguments.
 * F2  No object stands for "no path at all" below the root: what becomes empty is left out.
 */
export interface FieldSet {
  readonly [element: string]: FieldSet;
}

/** One that is still being made. */
export interface FieldSetDraft {
  [element: string]: FieldSet;
}

const SELF = ".";
export const NO_FIELDS: FieldSet = {};
/** Below the root: a member without members below it. */
export const LEAF: FieldSet = {};

export function isEmptySet(set: FieldSet): boolean {
  return Object.keys(set).length === 0;
}

/** Whether the path that leads to this object is a member. */
export function isMember(below: FieldSet): boolean {
  return below[SELF] !== undefined || isEmptySet(below);
}

/** The object of a path that is a member and has these members below it. */
export function memberWith(below: FieldSet): FieldSet {
  return isEmptySet(below) || below[SELF] !== undefined ? below : { [SELF]: LEAF, ...below };
}

export function field(name: string): string {
  return `f:${name}`;
}

/** The set of the given paths of field names: `["metadata", "name"]`. */
export function fieldSetOf(paths: readonly (readonly string[])[]): FieldSet {
  return paths.reduce<FieldSet>((set, path) => union(set, pathSet(path)), NO_FIELDS);
}

function pathSet(path: readonly string[]): FieldSet {
  return path.reduceRight<FieldSet>((below, name) => ({ [field(name)]: below }), LEAF);
}

export function union(left: FieldSet, right: FieldSet): FieldSet {
  if (left === right || isEmptySet(right)) return left;
  if (isEmptySet(left)) return right;
  const result: FieldSetDraft = { ...left };
  for (const [element, below] of Object.entries(right)) {
    const known = result[element];
    result[element] = known === undefined ? below : unionBelow(known, below);
  }
  return result;
}

function unionBelow(left: FieldSet, right: FieldSet): FieldSet {
  const isIn = isMember(left) || isMember(right);
  const below = union(left, right);
  return isIn ? memberWith(below) : below;
}

/** Members of `left` that are not members of `right`. */
export function difference(left: FieldSet, right: FieldSet): FieldSet {
  return select(left, right, "others");
}

/** Members of both. */
export function intersection(left: FieldSet, right: FieldSet): FieldSet {
  return select(left, right, "shared");
}

/** Members of `left` that are neither members of `right` nor below one. */
export function withoutBelow(left: FieldSet, right: FieldSet): FieldSet {
  const result: FieldSetDraft = {};
  for (const [element, below] of Object.entries(left)) {
    const other = right[element];
    if (other === undefined) result[element] = below;
    else if (!isMember(other)) keep(result, element, isMember(below), withoutBelow(childrenOf(below), other));
  }
  return result;
}

/** The members of `left` that `right` has, or those that it has not. */
function select(left: FieldSet, right: FieldSet, wanted: "shared" | "others"): FieldSet {
  const result: FieldSetDraft = {};
  for (const [element, below] of Object.entries(left)) {
    const other = right[element];
    if (other === undefined) {
      if (wanted === "others") result[element] = below;
      continue;
    }
    const isKept = isMember(below) && isMember(other) === (wanted === "shared");
    keep(result, element, isKept, select(childrenOf(below), childrenOf(other), wanted));
  }
  return result;
}

function keep(result: FieldSetDraft, element: string, isIn: boolean, below: FieldSet): void {
  if (isIn) result[element] = memberWith(below);
  else if (!isEmptySet(below)) result[element] = below;
}

/** What is below, without the mark of the object itself. */
export function childrenOf(below: FieldSet): FieldSet {
  if (below[SELF] === undefined) return below;
  const { [SELF]: _self, ...children } = below;
  return children;
}

/** The set with its keys in order: what is written. */
export function sortedFieldSet(set: FieldSet): FieldSet {
  const elements = Object.keys(set);
  if (elements.length === 0) return set;
  const result: FieldSetDraft = {};
  for (const element of elements.sort()) result[element] = sortedFieldSet(set[element] ?? LEAF);
  return result;
}

/** All members, as lists of path elements, in order. */
export function membersOf(set: FieldSet): string[][] {
  return Object.keys(set)
    .sort()
    .flatMap((element) => {
      const below = set[element] ?? LEAF;
      const own = isMember(below) ? [[element]] : [];
      return [...own, ...membersOf(childrenOf(below)).map((path) => [element, ...path])];
    });
}

/** Reads what a client sent as FieldsV1; undefined when it is none. */
export function readFieldSet(value: unknown): FieldSet | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const result: FieldSetDraft = {};
  for (const [key, child] of Object.entries(value)) {
    const below = readFieldSet(child);
    const element = key === SELF ? SELF : readElement(key);
    if (below === undefined || element === undefined) return undefined;
    result[element] = below;
  }
  return result;
}

/** A path element in its canonical spelling. */
function readElement(text: string): string | undefined {
  const [form, rest] = [text.slice(0, 2), text.slice(2)];
  if (form === "f:") return text;
  if (form === "i:") return /^-?\d+$/u.test(rest) ? text : undefined;
  if (form !== "k:" && form !== "v:") return undefined;
  try {
    const value: unknown = JSON.parse(rest);
    if (form === "v:") return `v:${JSON.stringify(value)}`;
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
    return `k:${JSON.stringify(Object.fromEntries(entries))}`;
  } catch {
    return undefined;
  }
}
