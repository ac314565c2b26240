/** Node selector terms as sets of nodes (`component-helpers/scheduling/corev1/nodeaffinity`). */
import type { NodeSelectorRequirement, NodeSelectorTerm } from "../../shared/api/generated/core/v1.ts";
import { BitSet } from "../framework/bit-set.ts";
import type { NodeColumns } from "../framework/node-columns.ts";

const INTEGER = /^[+-]?[0-9]{1,19}$/;

function withAnyOf(nodes: NodeColumns, key: string, values: readonly string[]): BitSet {
  const found = new BitSet(nodes.capacity);
  for (const value of values) found.addAll(nodes.labels.withValue(key, value));
  return found;
}

/** Nodes whose label is an integer beyond the bound. */
function beyond(nodes: NodeColumns, key: string, bound: string | undefined, isGreater: boolean): BitSet {
  const found = new BitSet(nodes.capacity);
  if (bound === undefined || !INTEGER.test(bound)) return found;
  const limit = BigInt(bound);
  for (const [value, having] of nodes.labels.valuesOf(key)) {
    if (!INTEGER.test(value)) continue;
    if (isGreater ? BigInt(value) > limit : BigInt(value) < limit) found.addAll(having);
  }
  return found;
}

function without(nodes: NodeColumns, excluded: BitSet): BitSet {
  const found = new BitSet(nodes.capacity);
  found.copyFrom(nodes.present);
  found.deleteAll(excluded);
  return found;
}

function matchingLabels(nodes: NodeColumns, { key, operator, values = [] }: NodeSelectorRequirement): BitSet {
  switch (operator) {
    case "In":
      return withAnyOf(nodes, key, values);
    case "NotIn":
      return without(nodes, withAnyOf(nodes, key, values));
    case "Exists":
      return nodes.labels.withKey(key);
    case "DoesNotExist":
      return without(nodes, nodes.labels.withKey(key));
    case "Gt":
      return beyond(nodes, key, values[0], true);
    case "Lt":
      return beyond(nodes, key, values[0], false);
    default:
      return new BitSet();
  }
}

/** The only field is `metadata.name`. */
function matchingFields(nodes: NodeColumns, { key, operator, values = [] }: NodeSelectorRequirement): BitSet {
  const named = new BitSet(nodes.capacity);
  if (key !== "metadata.name") return named;
  for (const value of values) {
    const index = nodes.indexOf(value);
    if (index !== undefined) named.add(index);
  }
  return operator === "NotIn" ? without(nodes, named) : named;
}

/** Nodes that fulfil all requirements of a term; a term without any fulfils nothing. */
export function matchingTerm(nodes: NodeColumns, term: NodeSelectorTerm): BitSet {
  const { matchExpressions = [], matchFields = [] } = term;
  const found = new BitSet(nodes.capacity);
  if (matchExpressions.length === 0 && matchFields.length === 0) return found;
  found.copyFrom(nodes.present);
  for (const requirement of matchExpressions) found.keepOnly(matchingLabels(nodes, requirement));
  for (const requirement of matchFields) found.keepOnly(matchingFields(nodes, requirement));
  return found;
}

/** Nodes that fulfil one of the terms. */
export function matchingAnyTerm(nodes: NodeColumns, terms: readonly NodeSelectorTerm[]): BitSet {
  const found = new BitSet(nodes.capacity);
  for (const term of terms) found.addAll(matchingTerm(nodes, term));
  return found;
}

/**
 * Names that the terms restrict the pod to, when every term names its nodes (pods of daemon sets do);
 * undefined when one does not.
 */
export function namedNodes(terms: readonly NodeSelectorTerm[]): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  for (const { matchFields = [] } of terms) {
    const naming = matchFields.filter(({ key, operator }) => key === "metadata.name" && operator === "In");
    if (naming.length === 0) return undefined;
    for (const { values = [] } of naming) for (const value of values) names.add(value);
  }
  return terms.length === 0 ? undefined : names;
}
