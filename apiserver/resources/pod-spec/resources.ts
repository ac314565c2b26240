/** Rules of `resources`, of containers and of pods, and of `overhead` (`ValidateContainerResourceRequirements`). */
import type { ResourceClaim, ResourceRequirements } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { compareQuantities, milliValue, parseQuantity } from "../../../shared/machinery/quantity.ts";
import { addInvalid, isGiven } from "../../validation/error-list.ts";
import {
  duplicate,
  forbiddenField,
  invalidValue,
  notFoundValue,
  notSupported,
  required,
} from "../../validation/field-errors.ts";
import { dnsLabelProblems } from "../../validation/names.ts";
import {
  HUGE_PAGES,
  isContainerResource,
  isExtendedResource,
  isHugePages,
  isIntegerResource,
  isNativeResource,
  isStandardResource,
  mayBeOvercommitted,
} from "./resource-names.ts";

const NOT_NEGATIVE = "must be greater than or equal to 0";
const NO_CLAIMS: ReadonlySet<string> = new Set();

type NameRule = (name: string, field: string, errors: FieldError[]) => void;

/** True when the name is one that some object may use. */
export function addResourceNameErrors(name: string, field: string, errors: FieldError[]): boolean {
  const problems = qualifiedNameProblems(name);
  addInvalid(errors, field, name, problems);
  if (problems.length > 0) return false;
  if (name.includes("/") || isStandardResource(name)) return true;
  errors.push(invalidValue(field, name, "must be a standard resource type or fully qualified"));
  return false;
}

export function addContainerResourceNameErrors(name: string, field: string, errors: FieldError[]): void {
  // Nearly all names are these: ask the cheapest question first.
  if (isContainerResource(name) && !isHugePages(name)) return;
  addResourceNameErrors(name, field, errors);
  if (!name.includes("/")) {
    if (!isContainerResource(name))
      errors.push(invalidValue(field, name, "must be a standard resource for containers"));
  } else if (!isNativeResource(name) && !isExtendedResource(name)) {
    errors.push(invalidValue(field, name, "doesn't follow extended resource name standard"));
  }
}

function isPodResource(name: string): boolean {
  return name === "cpu" || name === "memory" || isHugePages(name);
}

function addPodResourceNameErrors(name: string, field: string, errors: FieldError[]): void {
  if (!addResourceNameErrors(name, field, errors) || isPodResource(name)) return;
  errors.push(notSupported(field, name, ["cpu", HUGE_PAGES, "memory"]));
}

/** An amount that is not negative, and whole where parts make no sense (`ValidateResourceQuantityValue`). */
export function addAmountErrors(name: string, amount: string, field: string, errors: FieldError[]): void {
  const millis = milliValue(amount);
  if (millis < 0) errors.push(invalidValue(field, amount, NOT_NEGATIVE));
  if (millis % 1000 !== 0 && isIntegerResource(name)) errors.push(invalidValue(field, amount, "must be an integer"));
}

function addHugePagesErrors(name: string, amount: string, field: string, errors: FieldError[]): void {
  const refuse = (): void => {
    errors.push(invalidValue(field, amount, `${amount} is not positive integer multiple of ${name}`));
  };
  let pageSize: bigint;
  try {
    pageSize = parseQuantity(name.slice(HUGE_PAGES.length)).nanos;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return refuse();
  }
  const { nanos } = parseQuantity(amount);
  if (pageSize <= 0n || nanos < 0n || nanos % pageSize !== 0n) refuse();
}

function addPairErrors(
  name: string,
  request: string,
  limit: string | undefined,
  field: string,
  errors: FieldError[],
): void {
  if (limit === request) return;
  const isFree = mayBeOvercommitted(name);
  if (limit === undefined) {
    if (!isFree) errors.push(required(`${field}.limits`, "Limit must be set for non overcommitable resources"));
    return;
  }
  const order = compareQuantities(request, limit);
  if (order !== 0 && !isFree)
    errors.push(invalidValue(`${field}.requests`, request, `must be equal to ${name} limit of ${limit}`));
  else if (order > 0)
    errors.push(invalidValue(`${field}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`));
}

function addRequirementErrors(
  resources: ResourceRequirements,
  nameRule: NameRule,
  claimNames: ReadonlySet<string>,
  field: string,
  errors: FieldError[],
): void {
  const { limits = {}, requests = {}, claims } = resources;
  for (const [name, amount] of Object.entries(limits)) addOneErrors(name, amount, `${field}.limits[${name}]`);
  for (const [name, amount] of Object.entries(requests)) {
    addOneErrors(name, amount, `${field}.requests[${name}]`);
    addPairErrors(name, amount, limits[name], field, errors);
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some(isHugePages) && !names.some((name) => name === "cpu" || name === "memory"))
    errors.push(forbiddenField(field, "HugePages require cpu or memory"));
  if (claims !== undefined) addClaimErrors(claims, claimNames, `${field}.claims`, errors);

  function addOneErrors(name: string, amount: string, at: string): void {
    nameRule(name, at, errors);
    addAmountErrors(name, amount, at, errors);
    if (isHugePages(name)) addHugePagesErrors(name, amount, at, errors);
  }
}

export function addContainerResourceErrors(
  resources: ResourceRequirements | undefined,
  claimNames: ReadonlySet<string>,
  field: string,
  errors: FieldError[],
): void {
  if (resources !== undefined)
    addRequirementErrors(resources, addContainerResourceNameErrors, claimNames, field, errors);
}

/** What the pod as a whole may use. */
export function addPodRequirementErrors(resources: ResourceRequirements, field: string, errors: FieldError[]): void {
  if (resources.claims !== undefined)
    errors.push(forbiddenField(`${field}.claims`, "claims may not be set for Resources at pod-level"));
  addRequirementErrors({ ...resources, claims: undefined }, addPodResourceNameErrors, NO_CLAIMS, field, errors);
}

/** What a sandbox takes for itself counts as a limit. */
export function addOverheadErrors(
  overhead: Readonly<Record<string, string>> | undefined,
  field: string,
  errors: FieldError[],
): void {
  if (overhead !== undefined) addContainerResourceErrors({ limits: overhead }, NO_CLAIMS, field, errors);
}

/** Claims that a container uses are among the pod's, each once: as a whole, or request by request. */
function addClaimErrors(
  claims: readonly ResourceClaim[],
  claimNames: ReadonlySet<string>,
  field: string,
  errors: FieldError[],
): void {
  const used = new Set<string>();
  claims.forEach(({ name, request = "" }, index) => {
    const at = `${field}[${index}]`;
    if (!isGiven(errors, at, name)) return;
    const key = request === "" ? name : `${name}/${request}`;
    if (request !== "" && !used.has(name)) addInvalid(errors, `${at}.request`, request, dnsLabelProblems(request));
    const isUsedInParts = request === "" && [...used].some((one) => one.startsWith(`${name}/`));
    if (used.has(name) || isUsedInParts) errors.push(duplicate(at, name));
    else if (used.has(key)) errors.push(duplicate(at, key));
    used.add(key);
    if (claimNames.has(name)) return;
    const rest = claimNames.size === 0 ? " which is empty" : `: ${[...claimNames].sort().join(", ")}`;
    errors.push(notFoundValue(at, name, `must be one of the names in pod.spec.resourceClaims${rest}`));
  });
}
