/** Rules of `affinity`, and of the node selectors that volumes and slices of devices have too. */
import type {
  Affinity,
  NodeAffinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
} from "../../../shared/api/generated/core/v1.ts";
import type { LabelSelector } from "../../../shared/api/generated/meta/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { labelValueProblems, qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { addInvalid } from "../../validation/error-list.ts";
import { forbiddenField, invalidValue, required } from "../../validation/field-errors.ts";
import { validateLabelSelector } from "../../validation/label-selector.ts";
import { dnsLabelProblems, dnsSubdomainProblems } from "../../validation/names.ts";

const WEIGHT_RULE = "must be in the range 1-100";
const NOT_AN_OPERATOR = "not a valid selector operator";
const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution";

export function addAffinityErrors(affinity: Affinity | undefined, field: string, errors: FieldError[]): void {
  if (affinity === undefined) return;
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity;
  if (nodeAffinity !== undefined) addNodeAffinityErrors(nodeAffinity, `${field}.nodeAffinity`, errors);
  if (podAffinity !== undefined) addPodAffinityErrors(podAffinity, `${field}.podAffinity`, errors);
  if (podAntiAffinity !== undefined) addPodAffinityErrors(podAntiAffinity, `${field}.podAntiAffinity`, errors);
}

function addWeightErrors(weight: number, field: string, errors: FieldError[]): void {
  if (weight < 1 || weight > 100) errors.push(invalidValue(`${field}.weight`, weight, WEIGHT_RULE));
}

function addNodeAffinityErrors(affinity: NodeAffinity, field: string, errors: FieldError[]): void {
  if (affinity[REQUIRED] !== undefined) addNodeSelectorErrors(affinity[REQUIRED], `${field}.${REQUIRED}`, errors);
  affinity[PREFERRED]?.forEach(({ weight, preference }, index) => {
    const at = `${field}.${PREFERRED}[${index}]`;
    addWeightErrors(weight, at, errors);
    // A wish may name values that no node can have.
    addTermErrors(preference, false, `${at}.preference`, errors);
  });
}

export function addNodeSelectorErrors(selector: NodeSelector, field: string, errors: FieldError[]): void {
  const at = `${field}.nodeSelectorTerms`;
  if (selector.nodeSelectorTerms.length === 0) errors.push(required(at, "must have at least one node selector term"));
  selector.nodeSelectorTerms.forEach((term, index) => addTermErrors(term, true, `${at}[${index}]`, errors));
}

function addTermErrors(term: NodeSelectorTerm, checksValues: boolean, field: string, errors: FieldError[]): void {
  term.matchExpressions?.forEach((requirement, index) => {
    const at = `${field}.matchExpressions[${index}]`;
    addExpressionErrors(requirement, at, errors);
    if (!checksValues) return;
    requirement.values?.forEach((value, position) =>
      addInvalid(errors, `${at}.values[${position}]`, value, labelValueProblems(value)),
    );
  });
  term.matchFields?.forEach((requirement, index) =>
    addFieldRequirementErrors(requirement, `${field}.matchFields[${index}]`, errors),
  );
}

function addExpressionErrors(requirement: NodeSelectorRequirement, field: string, errors: FieldError[]): void {
  const { key, operator, values = [] } = requirement;
  switch (operator) {
    case "In":
    case "NotIn":
      if (values.length === 0)
        errors.push(required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case "Exists":
    case "DoesNotExist":
      if (values.length > 0)
        errors.push(
          forbiddenField(`${field}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
        );
      break;
    case "Gt":
    case "Lt":
      if (values.length !== 1)
        errors.push(required(`${field}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
      break;
    default:
      errors.push(invalidValue(`${field}.operator`, operator, NOT_AN_OPERATOR));
  }
  addInvalid(errors, `${field}.key`, key, qualifiedNameProblems(key));
}

/** Fields of nodes that can be asked for: the name. */
function addFieldRequirementErrors(requirement: NodeSelectorRequirement, field: string, errors: FieldError[]): void {
  const { key, operator, values = [] } = requirement;
  if (operator !== "In" && operator !== "NotIn")
    errors.push(invalidValue(`${field}.operator`, operator, NOT_AN_OPERATOR));
  else if (values.length !== 1)
    errors.push(
      required(`${field}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"),
    );
  if (key !== "metadata.name") errors.push(invalidValue(`${field}.key`, key, "not a valid field selector key"));
  else
    values.forEach((value, index) =>
      addInvalid(errors, `${field}.values[${index}]`, value, dnsSubdomainProblems(value)),
    );
}

function addPodAffinityErrors(affinity: PodAffinity, field: string, errors: FieldError[]): void {
  affinity[REQUIRED]?.forEach((term, index) => addPodTermErrors(term, `${field}.${REQUIRED}[${index}]`, errors));
  affinity[PREFERRED]?.forEach(({ weight, podAffinityTerm }, index) => {
    const at = `${field}.${PREFERRED}[${index}]`;
    addWeightErrors(weight, at, errors);
    addPodTermErrors(podAffinityTerm, `${at}.podAffinityTerm`, errors);
  });
}

function addPodTermErrors(term: PodAffinityTerm, field: string, errors: FieldError[]): void {
  const { labelSelector, namespaceSelector, topologyKey, matchLabelKeys, mismatchLabelKeys } = term;
  errors.push(...validateLabelSelector(labelSelector, `${field}.labelSelector`));
  errors.push(...validateLabelSelector(namespaceSelector, `${field}.namespaceSelector`));
  for (const namespace of term.namespaces ?? [])
    addInvalid(errors, `${field}.namespace`, namespace, dnsLabelProblems(namespace));
  addLabelKeyErrors(matchLabelKeys, mismatchLabelKeys, labelSelector, field, errors);
  if (topologyKey === "") errors.push(required(`${field}.topologyKey`, "can not be empty"));
  addInvalid(errors, `${field}.topologyKey`, topologyKey, qualifiedNameProblems(topologyKey));
}

const NEEDS_SELECTOR = "must not be specified when labelSelector is not set";

function addKeysErrors(
  keys: readonly string[] | undefined,
  selector: LabelSelector | undefined,
  field: string,
  errors: FieldError[],
): void {
  if (keys === undefined || keys.length === 0) return;
  if (selector === undefined) errors.push(forbiddenField(field, NEEDS_SELECTOR));
  else keys.forEach((key, index) => addInvalid(errors, `${field}[${index}]`, key, qualifiedNameProblems(key)));
}

/**
 * `matchLabelKeys` and `mismatchLabelKeys`. By now the selector has a requirement for each key that the pod has as a
 * label: a second one with the same key must be the client's own.
 */
export function addLabelKeyErrors(
  matchKeys: readonly string[] | undefined,
  mismatchKeys: readonly string[] | undefined,
  selector: LabelSelector | undefined,
  field: string,
  errors: FieldError[],
): void {
  addKeysErrors(matchKeys, selector, `${field}.matchLabelKeys`, errors);
  addKeysErrors(mismatchKeys, selector, `${field}.mismatchLabelKeys`, errors);
  if (matchKeys === undefined || matchKeys.length === 0) return;
  const seen = new Set(Object.keys(selector?.matchLabels ?? {}));
  for (const { key } of selector?.matchExpressions ?? []) {
    const index = matchKeys.lastIndexOf(key);
    if (index >= 0 && seen.has(key))
      errors.push(invalidValue(`${field}[${index}]`, key, "exists in both matchLabelKeys and labelSelector"));
    seen.add(key);
  }
  matchKeys.forEach((key, index) => {
    if (mismatchKeys?.includes(key) === true)
      errors.push(
        invalidValue(`${field}.matchLabelKeys[${index}]`, key, "exists in both matchLabelKeys and mismatchLabelKeys"),
      );
  });
}
