/**
 * Label selectors: the objects of `apimachinery/pkg/labels`, and `metav1.LabelSelector` turned into them.
 */
import type { LabelSelector } from "../api/generated/meta/v1.ts";
import {
  formatRequirement,
  type Labels,
  matchesRequirement,
  newRequirement,
  type Requirement,
  type SelectorOperator,
} from "./label-requirement.ts";
import { parseRequirements } from "./label-selector-parser.ts";
import { LabelSelectorError } from "./label-syntax.ts";

export interface Selector {
  matches(labels: Labels | undefined): boolean;
  /** True when it has no requirement, so that every object matches. */
  readonly isEverything: boolean;
  /** True when no object can match (`selectorOf(undefined)`). */
  readonly isNothing: boolean;
  /** Sorted by key. */
  readonly requirements: readonly Requirement[];
  /** Upstream's text form: requirements by key, joined with commas. */
  toString(): string;
}

const byKey = (left: Requirement, right: Requirement): number =>
  left.key < right.key ? -1 : left.key > right.key ? 1 : 0;

function selectorFrom(unsorted: readonly Requirement[]): Selector {
  const requirements = unsorted.toSorted(byKey);
  return {
    requirements,
    isEverything: requirements.length === 0,
    isNothing: false,
    matches: (labels) => requirements.every((requirement) => matchesRequirement(requirement, labels)),
    toString: () => requirements.map(formatRequirement).join(","),
  };
}

/** Matches every object. */
export const everything: Selector = selectorFrom([]);

/** Matches no object. */
export const nothing: Selector = {
  requirements: [],
  isEverything: false,
  isNothing: true,
  matches: () => false,
  toString: () => "",
};

/** Reads `a=b,c in (d,e),!f`; the empty text selects everything. Throws an `Error` with upstream's text. */
export function parseSelector(text: string): Selector {
  const requirements = parseRequirements(text);
  return requirements.length === 0 ? everything : selectorFrom(requirements);
}

/** Selects objects that have all of `labels`; no labels select everything. Nothing is checked. */
export function selectorFromSet(labels: Labels | undefined): Selector {
  const entries = Object.entries(labels ?? {});
  if (entries.length === 0) return everything;
  return selectorFrom(entries.map(([key, text]) => ({ key, operator: "=", values: [text] })));
}

const OPERATORS: ReadonlyMap<string, SelectorOperator> = new Map([
  ["In", "in"],
  ["NotIn", "notin"],
  ["Exists", "exists"],
  ["DoesNotExist", "!"],
]);

/** `metav1.LabelSelectorAsSelector`: undefined selects nothing, an empty one everything. Throws an `Error`. */
export function selectorOf(selector: LabelSelector | undefined): Selector {
  if (selector === undefined) return nothing;
  const exact = Object.entries(selector.matchLabels ?? {}).map(([key, text]) => newRequirement(key, "=", [text]));
  const expressions = (selector.matchExpressions ?? []).map((expression) => {
    const operator = OPERATORS.get(expression.operator);
    if (operator === undefined) {
      throw new LabelSelectorError(`${JSON.stringify(expression.operator)} is not a valid label selector operator`);
    }
    return newRequirement(expression.key, operator, expression.values ?? []);
  });
  const requirements = [...exact, ...expressions];
  return requirements.length === 0 ? everything : selectorFrom(requirements);
}
