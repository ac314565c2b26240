/** One requirement of a label selector (`labels.Requirement` of apimachinery). */
import { LabelSelectorError, labelValueProblems, qualifiedNameProblems } from "./label-syntax.ts";

export type Labels = Readonly<Record<string, string>>;

export type SelectorOperator = "in" | "notin" | "=" | "==" | "!=" | "exists" | "!" | "gt" | "lt";

export interface Requirement {
  readonly key: string;
  readonly operator: SelectorOperator;
  /** Sorted; empty for `exists` and `!`, exactly one for `=`, `==`, `!=`, `gt`, `lt`. */
  readonly values: readonly string[];
}

const INTEGER = /^[+-]?[0-9]{1,19}$/;

/** What is wrong with the number of values; empty when nothing is. */
function arityProblems(operator: SelectorOperator, values: readonly string[]): string[] {
  const list = `values: Invalid value: [${values.map((text) => JSON.stringify(text)).join(",")}]`;
  switch (operator) {
    case "in":
    case "notin":
      return values.length === 0 ? [`${list}: for 'in', 'notin' operators, values set can't be empty`] : [];
    case "=":
    case "==":
    case "!=":
      return values.length === 1 ? [] : [`${list}: exact-match compatibility requires one single value`];
    case "exists":
    case "!":
      return values.length === 0 ? [] : [`${list}: values set must be empty for exists and does not exist`];
    case "gt":
    case "lt":
      return [
        ...(values.length === 1 ? [] : [`${list}: for 'Gt', 'Lt' operators, exactly one value is required`]),
        ...values.flatMap((text, index) =>
          INTEGER.test(text)
            ? []
            : [
                `values[${index}]: Invalid value: ${JSON.stringify(text)}: for 'Gt', 'Lt' operators, the value must be an integer`,
              ],
        ),
      ];
  }
}

/** One checked requirement; throws a `LabelSelectorError` with upstream's text (`labels.NewRequirement`). */
export function newRequirement(key: string, operator: SelectorOperator, values: readonly string[]): Requirement {
  const ofKey = qualifiedNameProblems(key);
  const problems = [
    ...(ofKey.length === 0 ? [] : [`key: Invalid value: ${JSON.stringify(key)}: ${ofKey.join("; ")}`]),
    ...arityProblems(operator, values),
    ...values.flatMap((text, index) => {
      const ofValue = labelValueProblems(text);
      if (ofValue.length === 0) return [];
      return [`values[${index}][${key}]: Invalid value: ${JSON.stringify(text)}: ${ofValue.join("; ")}`];
    }),
  ];
  if (problems.length > 1) throw new LabelSelectorError(`[${problems.join(", ")}]`);
  if (problems.length === 1) throw new LabelSelectorError(problems.join());
  return { key, operator, values: [...new Set(values)].toSorted() };
}

function isBeyond(labelValue: string, requirement: Requirement): boolean {
  const bound = requirement.values[0];
  if (bound === undefined || !INTEGER.test(labelValue) || !INTEGER.test(bound)) return false;
  return requirement.operator === "gt" ? BigInt(labelValue) > BigInt(bound) : BigInt(labelValue) < BigInt(bound);
}

/** True when `labels` fulfil the requirement; `!=` and `notin` hold for a missing key. */
export function matchesRequirement(requirement: Requirement, labels: Labels | undefined): boolean {
  const present = labels !== undefined && Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  switch (requirement.operator) {
    case "in":
    case "=":
    case "==":
      return present !== undefined && requirement.values.includes(present);
    case "notin":
    case "!=":
      return present === undefined || !requirement.values.includes(present);
    case "exists":
      return present !== undefined;
    case "!":
      return present === undefined;
    case "gt":
    case "lt":
      return present !== undefined && isBeyond(present, requirement);
  }
}

/** Text form of one requirement. */
export function formatRequirement({ key, operator, values }: Requirement): string {
  switch (operator) {
    case "exists":
      return key;
    case "!":
      return `!${key}`;
    case "in":
    case "notin":
      return `${key} ${operator} (${values.join(",")})`;
    case "gt":
      return `${key}>${values.join(",")}`;
    case "lt":
      return `${key}<${values.join(",")}`;
    case "=":
    case "==":
    case "!=":
      return `${key}${operator}${values.join(",")}`;
  }
}
