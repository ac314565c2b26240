/** Rules of `topologySpreadConstraints`. */
import type { TopologySpreadConstraint } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { addOptionalChoiceErrors } from "../../validation/error-list.ts";
import { duplicate, invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { validateLabelSelector } from "../../validation/label-selector.ts";
import { addLabelKeyErrors } from "./affinity.ts";

const ACTIONS = ["DoNotSchedule", "ScheduleAnyway"];
const NODE_POLICIES = ["Honor", "Ignore"];
const POSITIVE = "must be greater than zero";

export function addSpreadErrors(
  constraints: readonly TopologySpreadConstraint[] | undefined,
  field: string,
  errors: FieldError[],
): void {
  constraints?.forEach((constraint, index) => {
    const at = `${field}[${index}]`;
    const { maxSkew, topologyKey, whenUnsatisfiable: action, minDomains } = constraint;
    if (maxSkew <= 0) errors.push(invalidValue(`${at}.maxSkew`, maxSkew, POSITIVE));
    if (topologyKey === "") errors.push(required(`${at}.topologyKey`, "can not be empty"));
    if (!ACTIONS.includes(action)) errors.push(notSupported(`${at}.whenUnsatisfiable`, action, ACTIONS));
    const isRepeated = constraints
      .slice(index + 1)
      .some((other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === action);
    if (isRepeated) errors.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${action}}`));
    if (minDomains !== undefined) addMinDomainsErrors(minDomains, action, `${at}.minDomains`, errors);
    addOptionalChoiceErrors(errors, `${at}.nodeAffinityPolicy`, constraint.nodeAffinityPolicy, NODE_POLICIES);
    addOptionalChoiceErrors(errors, `${at}.nodeTaintsPolicy`, constraint.nodeTaintsPolicy, NODE_POLICIES);
    addLabelKeyErrors(constraint.matchLabelKeys, undefined, constraint.labelSelector, at, errors);
    errors.push(...validateLabelSelector(constraint.labelSelector, `${at}.labelSelector`));
  });
}

function addMinDomainsErrors(minDomains: number, action: string, field: string, errors: FieldError[]): void {
  if (minDomains <= 0) errors.push(invalidValue(field, minDomains, POSITIVE));
  if (action !== "DoNotSchedule")
    errors.push(
      invalidValue(field, minDomains, `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action}`),
    );
}
