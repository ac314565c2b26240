/** Rules of `spec` (`apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go`). */
import type {
  CustomResourceConversion,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
} from "../../../shared/api/generated/apiextensions/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { forbiddenField, invalidValue, notSupportedInOrder, required } from "../../validation/field-errors.ts";
import { dns1035LabelProblems, dnsSubdomainProblems } from "../../validation/names.ts";
import { reviewVersionErrors, webhookServiceErrors, webhookUrlErrors } from "../../validation/webhook.ts";
import { nameErrors } from "./definition-names.ts";
import { versionErrors } from "./definition-version.ts";

const SCOPES = ["Cluster", "Namespaced"];
const STRATEGIES = ["None", "Webhook"];
const REVIEW_VERSIONS = ["v1", "v1beta1"];

export function specErrors(spec: CustomResourceDefinitionSpec): FieldError[] {
  return [
    ...groupErrors(spec.group),
    ...choiceErrors(spec.scope, "spec.scope", SCOPES),
    ...versionListErrors(spec.versions),
    ...(["plural", "singular", "kind", "listKind"] as const)
      .filter((name) => (spec.names[name] ?? "") === "")
      .map((name) => required(`spec.names.${name}`)),
    ...nameErrors(spec.names, "spec.names"),
    ...(spec.preserveUnknownFields === true && (spec.conversion?.strategy ?? "None") !== "None"
      ? [
          invalidValue(
            "spec.conversion.strategy",
            spec.conversion?.strategy,
            "must be None if spec.preserveUnknownFields is true",
          ),
        ]
      : []),
    ...conversionErrors(spec.conversion),
  ];
}

function choiceErrors(value: string, field: string, choices: readonly string[]): FieldError[] {
  if (value === "") return [required(field)];
  return choices.includes(value) ? [] : [notSupportedInOrder(field, value, choices)];
}

function groupErrors(group: string): FieldError[] {
  if (group === "") return [required("spec.group")];
  const problems = dnsSubdomainProblems(group);
  if (problems.length > 0) return [invalidValue("spec.group", group, problems.join(","))];
  return group.includes(".") ? [] : [invalidValue("spec.group", group, "should be a domain with at least one dot")];
}

function versionListErrors(versions: readonly CustomResourceDefinitionVersion[]): FieldError[] {
  const errors: FieldError[] = [];
  const at = (index: number): string => `spec.versions[${index}]`;
  for (const [index, { schema }] of versions.entries())
    if (schema?.openAPIV3Schema === undefined) errors.push(required(`${at(index)}.schema.openAPIV3Schema`));
  for (const [index, version] of versions.entries()) {
    const problems = dns1035LabelProblems(version.name);
    if (problems.length > 0) errors.push(invalidValue(`${at(index)}.name`, version.name, problems.join(",")));
    errors.push(...versionErrors(version, at(index)));
  }
  if (new Set(versions.map(({ name }) => name)).size < versions.length)
    errors.push(invalidValue("spec.versions", versions, "must contain unique version names"));
  if (versions.filter(({ storage }) => storage).length !== 1)
    errors.push(invalidValue("spec.versions", versions, "must have exactly one version marked as storage version"));
  return errors;
}

function conversionErrors(conversion: CustomResourceConversion | undefined): FieldError[] {
  if (conversion === undefined) return [];
  const { strategy, webhook } = conversion;
  const client = "spec.conversion.webhookClientConfig";
  const versions = "spec.conversion.conversionReviewVersions";
  const errors = choiceErrors(strategy, "spec.conversion.strategy", STRATEGIES);
  if (strategy !== "Webhook") {
    const why = "should not be set when strategy is not set to Webhook";
    if (webhook?.clientConfig !== undefined) errors.push(forbiddenField(client, why));
    if ((webhook?.conversionReviewVersions ?? []).length > 0) errors.push(forbiddenField(versions, why));
    return errors;
  }
  const { url, service } = webhook?.clientConfig ?? {};
  if (webhook?.clientConfig === undefined) errors.push(required(client, "required when strategy is set to Webhook"));
  else if ((url === undefined) === (service === undefined))
    errors.push(required(client, "exactly one of url or service is required"));
  else if (url !== undefined) errors.push(...webhookUrlErrors(url, `${client}.url`));
  else if (service !== undefined) errors.push(...webhookServiceErrors(service, `${client}.service`));
  const given = webhook?.conversionReviewVersions ?? [];
  return [
    ...errors,
    ...(given.length === 0 ? [required(versions)] : reviewVersionErrors(given, versions, REVIEW_VERSIONS)),
  ];
}
