/** What both kinds of webhook configurations have in common. */
import type { MutatingWebhook, ValidatingWebhook } from "../../../shared/api/generated/admissionregistration/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { duplicate, invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { validateLabelSelector } from "../../validation/label-selector.ts";
import { dnsSubdomainProblems } from "../../validation/names.ts";
import { reviewVersionErrors, webhookServiceErrors, webhookUrlErrors } from "../../validation/webhook.ts";
import { conditionErrors, FAILURE_POLICIES } from "./conditions.ts";
import { defaultRules, MATCH_POLICIES, ruleErrors } from "./rules.ts";

type Webhook = ValidatingWebhook | MutatingWebhook;

const PORT = 443;
const TIMEOUT_SECONDS = 10;
const TIMEOUT_SECONDS_MAX = 30;
const REVIEW_VERSIONS = ["v1", "v1beta1"];
const NO_SIDE_EFFECTS = ["None", "NoneOnDryRun"];
const SIDE_EFFECTS = ["None", "NoneOnDryRun", "Some", "Unknown"];

/** In place. */
export function defaultWebhook(webhook: Webhook): void {
  webhook.failurePolicy ??= "Fail";
  webhook.matchPolicy ??= "Equivalent";
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  webhook.timeoutSeconds ??= TIMEOUT_SECONDS;
  if (webhook.clientConfig.service !== undefined) webhook.clientConfig.service.port ??= PORT;
  defaultRules(webhook.rules);
}

/** What a stored configuration does wrong already may stay. */
interface Leniency {
  readonly maySideEffect: boolean;
  readonly mayKnowNoVersion: boolean;
  readonly mayRepeatNames: boolean;
  readonly hasSameConditions: boolean;
}

function leniencyOf(next: readonly Webhook[], previous: readonly Webhook[] | undefined): Leniency {
  const before = previous ?? [];
  return {
    maySideEffect: before.some(({ sideEffects }) => !NO_SIDE_EFFECTS.includes(sideEffects)),
    mayKnowNoVersion: before.some(
      ({ admissionReviewVersions: versions }) =>
        versions.length > 0 && !versions.some((version) => REVIEW_VERSIONS.includes(version)),
    ),
    mayRepeatNames: new Set(before.map(({ name }) => name)).size < before.length,
    hasSameConditions:
      previous !== undefined &&
      previous.length === next.length &&
      next.every(({ matchConditions }, index) => deepEqual(matchConditions, previous[index]?.matchConditions)),
  };
}

/** `previous` is left out at creation. */
export function webhookErrors(webhooks: readonly Webhook[], previous?: readonly Webhook[]): FieldError[] {
  const leniency = leniencyOf(webhooks, previous);
  const names = webhooks.map(({ name }) => name);
  return webhooks.flatMap((webhook, index) => {
    const at = `webhooks[${index}]`;
    const isRepeated = webhook.name !== "" && names.indexOf(webhook.name) < index && !leniency.mayRepeatNames;
    return [
      ...nameErrors(webhook.name, `${at}.name`),
      ...(webhook.rules ?? []).flatMap((rule, position) => ruleErrors(rule, `${at}.rules[${position}]`)),
      ...choiceErrors(webhook, at, leniency),
      ...validateLabelSelector(webhook.namespaceSelector, `${at}.namespaceSelector`),
      ...validateLabelSelector(webhook.objectSelector, `${at}.objectSelector`),
      ...clientErrors(webhook, `${at}.clientConfig`),
      ...(leniency.hasSameConditions ? [] : conditionErrors(webhook.matchConditions ?? [], `${at}.matchConditions`)),
      ...versionErrors(webhook.admissionReviewVersions, `${at}.admissionReviewVersions`, leniency),
      ...(isRepeated ? [duplicate(`${at}.name`, webhook.name)] : []),
    ];
  });
}

function nameErrors(name: string, field: string): FieldError[] {
  if (name === "") return [required(field)];
  const problems = dnsSubdomainProblems(name);
  if (problems.length > 0) return [invalidValue(field, name, problems.join(","))];
  if (name.split(".").length >= 3) return [];
  return [invalidValue(field, name, "should be a domain with at least three segments separated by dots")];
}

function choiceErrors(webhook: Webhook, field: string, { maySideEffect }: Leniency): FieldError[] {
  const { failurePolicy, matchPolicy, timeoutSeconds: timeout } = webhook;
  // Decoding fills in nothing where upstream has a pointer: the field may be missing.
  const sideEffects: string | undefined = webhook.sideEffects;
  const allowed = maySideEffect ? SIDE_EFFECTS : NO_SIDE_EFFECTS;
  const errors: FieldError[] = [];
  if (failurePolicy !== undefined && !FAILURE_POLICIES.includes(failurePolicy))
    errors.push(notSupported(`${field}.failurePolicy`, failurePolicy, FAILURE_POLICIES));
  if (matchPolicy !== undefined && !MATCH_POLICIES.includes(matchPolicy))
    errors.push(notSupported(`${field}.matchPolicy`, matchPolicy, MATCH_POLICIES));
  if (sideEffects === undefined)
    errors.push(required(`${field}.sideEffects`, `must specify one of ${allowed.join(", ")}`));
  else if (!allowed.includes(sideEffects)) errors.push(notSupported(`${field}.sideEffects`, sideEffects, allowed));
  if (timeout !== undefined && (timeout < 1 || timeout > TIMEOUT_SECONDS_MAX))
    errors.push(invalidValue(`${field}.timeoutSeconds`, timeout, "the timeout value must be between 1 and 30 seconds"));
  return errors;
}

function clientErrors({ clientConfig: { url, service } }: Webhook, field: string): FieldError[] {
  if ((url === undefined) === (service === undefined))
    return [required(field, "exactly one of url or service is required")];
  if (url !== undefined) return webhookUrlErrors(url, `${field}.url`);
  return service === undefined ? [] : webhookServiceErrors(service, `${field}.service`);
}

function versionErrors(versions: readonly string[], field: string, { mayKnowNoVersion }: Leniency): FieldError[] {
  if (versions.length === 0) return [required(field, `must specify one of ${REVIEW_VERSIONS.join(", ")}`)];
  return reviewVersionErrors(versions, field, mayKnowNoVersion ? undefined : REVIEW_VERSIONS);
}
