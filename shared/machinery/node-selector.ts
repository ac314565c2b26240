/** Node selector terms against one node (`component-helpers/scheduling/corev1/nodeaffinity`). */
import type { Node, NodeSelectorRequirement, NodeSelectorTerm } from "../api/generated/core/v1.ts";
import { matchesRequirement, type SelectorOperator } from "./label-requirement.ts";

const OPERATORS: Readonly<Record<string, SelectorOperator>> = {
  In: "in",
  NotIn: "notin",
  Exists: "exists",
  DoesNotExist: "!",
  Gt: "gt",
  Lt: "lt",
};

type SelectedNode = Pick<Node, "metadata">;

/** True when the node fulfils all of at least one term; a term without requirements fulfils nothing. */
export function matchesNodeTerms({ metadata }: SelectedNode, terms: readonly NodeSelectorTerm[]): boolean {
  const holds = (requirement: NodeSelectorRequirement, labels: Readonly<Record<string, string>>): boolean => {
    const operator = OPERATORS[requirement.operator];
    if (operator === undefined) return false;
    return matchesRequirement({ key: requirement.key, operator, values: requirement.values ?? [] }, labels);
  };
  const fields = { "metadata.name": metadata.name };
  return terms.some(({ matchExpressions = [], matchFields = [] }) => {
    if (matchExpressions.length + matchFields.length === 0) return false;
    return (
      matchExpressions.every((requirement) => holds(requirement, metadata.labels ?? {})) &&
      matchFields.every((requirement) => holds(requirement, fields))
    );
  });
}
