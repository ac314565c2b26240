/** Rules of `spec.affinity`. */
import type { Affinity, NodeSelectorTerm, PodAffinityTerm } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { forbiddenField, invalidFor, invalidValue, required } from "../../validation/field-errors.ts";
import { validateLabelSelector } from "../../validation/label-selector.ts";

const WEIGHT_RULE = "must be in the range 1-100";

export function validateAffinity(affinity: Affinity | undefined, field: string): FieldError[] {
  const node = affinity?.nodeAffinity;
  const errors: FieldError[] = [];
  const needed = node?.requiredDuringSchedulingIgnoredDuringExecution;
  if (needed !== undefined) {
    const at = `${field}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`;
    if (needed.nodeSelectorTerms.length === 0) errors.push(required(at, "must have at least one node selector term"));
    needed.nodeSelectorTerms.forEach((term, index) =>
      errors.push(...validateNodeSelectorTerm(term, `${at}[${index}]`)),
    );
  }
  node?.preferredDuringSchedulingIgnoredDuringExecution?.forEach(({ weight, preference }, index) => {
    const at = `${field}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
    if (weight < 1 || weight > 100) errors.push(invalidValue(`${at}.weight`, weight, WEIGHT_RULE));
    errors.push(...validateNodeSelectorTerm(preference, `${at}.preference`));
  });
  for (const kind of ["podAffinity", "podAntiAffinity"] as const) {
    const terms = affinity?.[kind];
    terms?.requiredDuringSchedulingIgnoredDuringExecution?.forEach((term, index) =>
      errors.push(...podTermErrors(term, `${field}.${kind}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`)),
    );
    terms?.preferredDuringSchedulingIgnoredDuringExecution?.forEach(({ weight, podAffinityTerm }, index) => {
      const at = `${field}.${kind}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
      if (weight < 1 || weight > 100) errors.push(invalidValue(`${at}.weight`, weight, WEIGHT_RULE));
      errors.push(...podTermErrors(podAffinityTerm, `${at}.podAffinityTerm`));
    });
  }
  return errors;
}

export function validateNodeSelectorTerm(term: NodeSelectorTerm, field: string): FieldError[] {
  const errors: FieldError[] = [];
  term.matchExpressions?.forEach((requirement, index) => {
    const at = `${field}.matchExpressions[${index}]`;
    const count = requirement.values?.length ?? 0;
    switch (requirement.operator) {
      case "In":
      case "NotIn":
        if (count === 0) errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
        break;
      case "Exists":
      case "DoesNotExist":
        if (count > 0)
          errors.push(
            forbiddenField(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
          );
        break;
      case "Gt":
      case "Lt":
        if (count !== 1)
          errors.push(required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
        break;
      default:
        errors.push(invalidValue(`${at}.operator`, requirement.operator, "not a valid selector operator"));
    }
    errors.push(...invalidFor(`${at}.key`, requirement.key, qualifiedNameProblems(requirement.key)));
  });
  return errors;
}

function podTermErrors(term: PodAffinityTerm, field: string): FieldError[] {
  return [
    ...validateLabelSelector(term.labelSelector, `${field}.labelSelector`),
    ...validateLabelSelector(term.namespaceSelector, `${field}.namespaceSelector`),
    ...(term.topologyKey === ""
      ? [required(`${field}.topologyKey`, "can not be empty")]
      : invalidFor(`${field}.topologyKey`, term.topologyKey, qualifiedNameProblems(term.topologyKey))),
  ];
}
