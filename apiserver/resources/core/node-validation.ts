/** Rules of Nodes, and of the taints and the kubelet configuration they name (`ValidateNode`, `ValidateNodeUpdate`). */
import type {
  ConfigMapNodeConfigSource,
  Node,
  NodeConfigSource,
  Taint,
} from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { labelValueProblems, qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { cidrProblems, cidrWarnings } from "../../validation/addresses.ts";
import { addInvalid, addNameErrors, isGiven } from "../../validation/error-list.ts";
import { duplicate, forbiddenField, invalidValue, required } from "../../validation/field-errors.ts";
import {
  configKeyProblems,
  DNS_SUBDOMAIN_MAX,
  dnsLabelProblems,
  dnsSubdomainProblems,
} from "../../validation/names.ts";
import { addAmountErrors } from "../pod-spec/resources.ts";
import { addEffectErrors } from "../pod-spec/tolerations.ts";

const FEATURE = /^[A-Z][a-zA-Z0-9]*(\/[a-zA-Z0-9]+)*$/;
const FEATURE_FORM =
  "must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes";
const ONLY_FROM_EMPTY = 'except from "" to valid';

export function validateNode(node: Node, previous?: Node): FieldError[] {
  const errors: FieldError[] = [];
  addTaintErrors(node.spec.taints ?? [], errors);
  addResourceErrors(node, errors);
  addSwapErrors(node, errors);
  addFeatureErrors(node.status?.declaredFeatures ?? [], errors);
  if (previous === undefined) addRangeErrors(node.spec.podCIDRs ?? [], errors);
  return errors;
}

/** Taints are reported below the metadata, where they once were. */
function addTaintErrors(taints: readonly Taint[], errors: FieldError[]): void {
  const seen = new Set<string>();
  taints.forEach((taint, index) => {
    const at = `metadata.taints[${index}]`;
    const { key, value = "", effect } = taint;
    addInvalid(errors, `${at}.key`, key, qualifiedNameProblems(key));
    const problems = labelValueProblems(value);
    if (problems.length > 0) errors.push(invalidValue(`${at}.value`, value, problems.join(";")));
    if (effect === "") errors.push(required(`${at}.effect`));
    else addEffectErrors(effect, `${at}.effect`, errors);
    const pair = `${effect}/${key}`;
    if (seen.has(pair)) errors.push(duplicate(at, taint, "taints must be unique by key and effect pair"));
    seen.add(pair);
  });
}

function addResourceErrors({ status }: Node, errors: FieldError[]): void {
  for (const kind of ["capacity", "allocatable"] as const) {
    for (const [name, amount] of Object.entries(status?.[kind] ?? {}))
      addAmountErrors(name, amount, `status.${kind}.${name}`, errors);
  }
}

function addSwapErrors({ status }: Node, errors: FieldError[]): void {
  const capacity = status?.nodeInfo?.swap?.capacity;
  if (capacity !== undefined && Number(capacity) <= 0)
    errors.push(invalidValue("metadata.nodeSwapStatus.capacity", capacity, "must be greater than zero"));
}

function addFeatureErrors(features: readonly string[], errors: FieldError[]): void {
  features.forEach((feature, index) => {
    const at = `status.declaredFeatures[${index}]`;
    const name = `invalid feature name ${JSON.stringify(feature)}`;
    if (feature.length > DNS_SUBDOMAIN_MAX)
      errors.push(invalidValue(at, feature, `${name}: must be no more than ${DNS_SUBDOMAIN_MAX} characters`));
    else if (!FEATURE.test(feature)) errors.push(invalidValue(at, feature, `${name}: ${FEATURE_FORM}`));
    const before = features[index - 1];
    if (before === feature) errors.push(duplicate(at, feature));
    else if (before !== undefined && before > feature)
      errors.push(invalidValue(at, feature, "list must be sorted alphabetically"));
  });
}

const FAMILIES_MAX = 2;

function addRangeErrors(ranges: readonly string[], errors: FieldError[]): void {
  ranges.forEach((range, index) => addInvalid(errors, `spec.podCIDRs[${index}]`, range, cidrProblems(range)));
  const families = new Set(ranges.map((range) => range.includes(":")));
  if (ranges.length > 1 && (families.size < FAMILIES_MAX || ranges.length > FAMILIES_MAX))
    errors.push(invalidValue("spec.podCIDRs", ranges, "may specify no more than one CIDR for each IP family"));
}

export function validateNodeUpdate(next: Node, previous: Node): FieldError[] {
  const errors: FieldError[] = [];
  addRepeatedAddressErrors(next, errors);
  const [after, before] = [next.spec, previous.spec];
  if ((before.podCIDRs ?? []).length > 0 && !deepEqual(after.podCIDRs, before.podCIDRs))
    errors.push(forbiddenField("spec.podCIDRs", `node updates may not change podCIDR ${ONLY_FROM_EMPTY}`));
  if ((before.providerID ?? "") !== "" && after.providerID !== before.providerID)
    errors.push(forbiddenField("spec.providerID", `node updates may not change providerID ${ONLY_FROM_EMPTY}`));
  if (after.configSource !== undefined) addConfigErrors(after.configSource, false, "spec.configSource", errors);
  for (const name of ["assigned", "active", "lastKnownGood"] as const) {
    const source = next.status?.config?.[name];
    if (source !== undefined) addConfigErrors(source, true, `status.config.${name}`, errors);
  }
  if ((after.externalID ?? "") !== (before.externalID ?? ""))
    errors.push(forbiddenField("spec.externalID", "may not be updated"));
  return errors;
}

function addRepeatedAddressErrors({ status }: Node, errors: FieldError[]): void {
  const seen = new Set<string>();
  status?.addresses?.forEach((address, index) => {
    const key = `${address.type} ${address.address}`;
    if (seen.has(key)) errors.push(duplicate(`status.addresses[${index}]`, address));
    seen.add(key);
  });
}

function addConfigErrors(
  { configMap }: NodeConfigSource,
  isStatus: boolean,
  field: string,
  errors: FieldError[],
): void {
  if (configMap === undefined) errors.push(invalidValue(field, {}, "exactly one reference subfield must be non-nil"));
  else addConfigMapErrors(configMap, isStatus, `${field}.configMap`, errors);
}

/** What is in use is named with its version, what is wanted without. */
function addConfigMapErrors(
  source: ConfigMapNodeConfigSource,
  isStatus: boolean,
  field: string,
  errors: FieldError[],
): void {
  for (const name of ["uid", "resourceVersion"] as const) {
    if (isStatus) isGiven(errors, `${field}.${name}`, source[name]);
    else if ((source[name] ?? "") !== "")
      errors.push(forbiddenField(`${field}.${name}`, `${name} must not be set in spec`));
  }
  addNameErrors(errors, `${field}.namespace`, source.namespace, dnsLabelProblems);
  addNameErrors(errors, `${field}.name`, source.name, dnsSubdomainProblems);
  addNameErrors(errors, `${field}.kubeletConfigKey`, source.kubeletConfigKey, configKeyProblems);
}

/** Texts for `Warning` headers. */
export function nodeWarnings({ spec }: Node): string[] {
  const warnings: string[] = [];
  if (spec.configSource !== undefined) warnings.push("spec.configSource: the feature is no longer supported");
  if ((spec.externalID ?? "") !== "")
    warnings.push("spec.externalID: this field is deprecated, and is unused by Kubernetes");
  spec.podCIDRs?.forEach((range, index) => warnings.push(...cidrWarnings(`spec.podCIDRs[${index}]`, range)));
  return warnings;
}
