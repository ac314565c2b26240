/** SubjectAccessReview and its three siblings (upstream: `pkg/registry/authorization`). */
import type {
  FieldSelectorAttributes,
  LabelSelectorAttributes,
  LocalSubjectAccessReview,
  ResourceAttributes,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  SubjectAccessReviewSpec,
  SubjectAccessReviewStatus,
  SubjectRulesReviewStatus,
} from "../../../shared/api/generated/authorization/v1.ts";
import type { ObjectMeta } from "../../../shared/api/generated/meta/v1.ts";
import { type FieldRequirement, parseFieldSelector } from "../../../shared/machinery/field-selector.ts";
import { parseSelector, selectorOf } from "../../../shared/machinery/label-selector.ts";
import { badRequest, type FieldError, invalid } from "../../../shared/errors/status-error.ts";
import {
  localSubjectAccessReviews,
  selfSubjectAccessReviews,
  selfSubjectRulesReviews,
  subjectAccessReviews,
} from "../../../shared/resources/catalog.ts";
import type { UserInfo } from "../../authentication/user.ts";
import type { AuthorizationAttributes, Authorizer } from "../../authorization/authorizer.ts";
import type { RbacAuthorizer, UserRules } from "../../authorization/rbac.ts";
import { sendObject } from "../../http/respond.ts";
import type { Handler } from "../handler.ts";
import { invalidValue } from "../../validation/field-errors.ts";
import { readReview } from "./read-review.ts";
import { accessErrors, type AskedAccess, metadataErrors, subjectErrors } from "./review-validation.ts";

const CREATED = 201;

function throwInvalid(kind: { group: string; kind: string }, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid(kind, "", errors);
}

interface ReadSelector {
  readonly requirements: FieldRequirement[];
  /** Whether some of it could not be read, and so does not narrow the question. */
  readonly hasFailed: boolean;
}

/** The part of a field selector that the server understands. */
function readSelector({ rawSelector = "", requirements = [] }: FieldSelectorAttributes): ReadSelector {
  if (rawSelector !== "") {
    try {
      return { requirements: parseFieldSelector(rawSelector), hasFailed: false };
    } catch {
      return { requirements: [], hasFailed: true };
    }
  }
  const read = requirements.flatMap(({ key, operator, values = [] }): FieldRequirement[] => {
    const [value, ...more] = values;
    if (value === undefined || more.length > 0 || (operator !== "In" && operator !== "NotIn")) return [];
    return [{ field: key, operator: operator === "In" ? "=" : "!=", value }];
  });
  return { requirements: read, hasFailed: read.length < requirements.length };
}

function labelsFailed({ rawSelector = "", requirements = [] }: LabelSelectorAttributes): boolean {
  try {
    if (rawSelector === "") selectorOf({ matchExpressions: requirements });
    else parseSelector(rawSelector);
    return false;
  } catch {
    return true;
  }
}

function attributesOf({
  resourceAttributes: resource,
  nonResourceAttributes: path,
}: AskedAccess): AuthorizationAttributes {
  if (resource === undefined) return { kind: "path", verb: path?.verb ?? "", path: path?.path ?? "" };
  const fields = resource.fieldSelector === undefined ? undefined : readSelector(resource.fieldSelector).requirements;
  return {
    kind: "resource",
    verb: resource.verb ?? "",
    group: resource.group ?? "",
    version: resource.version ?? "",
    resource: resource.resource ?? "",
    subresource: resource.subresource ?? "",
    namespace: resource.namespace ?? "",
    name: resource.name ?? "",
    fieldSelector: fields,
  };
}

/** What of the selectors was left out of the question. */
function selectorProblems({ fieldSelector, labelSelector }: ResourceAttributes): string {
  const problems: string[] = [];
  if (fieldSelector !== undefined) {
    const { requirements, hasFailed } = readSelector(fieldSelector);
    const how = requirements.length > 0 ? "partially ignored" : "ignored";
    if (hasFailed) problems.push(`spec.resourceAttributes.fieldSelector ${how} due to parse error`);
  }
  if (labelSelector !== undefined && labelsFailed(labelSelector)) {
    problems.push("spec.resourceAttributes.labelSelector ignored due to parse error");
  }
  return problems.join("; ");
}

function subjectOf(spec: SubjectAccessReviewSpec): UserInfo {
  return { name: spec.user ?? "", uid: spec.uid ?? "", groups: spec.groups ?? [], extra: spec.extra ?? {} };
}

function judge(authorizer: Authorizer, user: UserInfo, asked: AskedAccess): SubjectAccessReviewStatus {
  const { isAllowed, reason } = authorizer.authorize(user, attributesOf(asked));
  const evaluationError = asked.resourceAttributes === undefined ? "" : selectorProblems(asked.resourceAttributes);
  return {
    allowed: isAllowed,
    ...(reason === "" ? {} : { reason }),
    ...(evaluationError === "" ? {} : { evaluationError }),
  };
}

export function createSubjectAccessReviewHandler(authorizer: Authorizer): Handler {
  return async (context) => {
    const review = await readReview<SubjectAccessReview>(context, subjectAccessReviews);
    throwInvalid(subjectAccessReviews, [
      ...accessErrors(review.spec),
      ...subjectErrors(review.spec),
      ...metadataErrors(review.metadata),
    ]);
    sendObject(context, CREATED, { ...review, status: judge(authorizer, subjectOf(review.spec), review.spec) });
  };
}

export function createSelfSubjectAccessReviewHandler(authorizer: Authorizer): Handler {
  return async (context) => {
    const review = await readReview<SelfSubjectAccessReview>(context, selfSubjectAccessReviews);
    throwInvalid(selfSubjectAccessReviews, [...accessErrors(review.spec), ...metadataErrors(review.metadata)]);
    sendObject(context, CREATED, { ...review, status: judge(authorizer, context.user, review.spec) });
  };
}

function localErrors({ spec, metadata }: LocalSubjectAccessReview, namespace: string): FieldError[] {
  const { resourceAttributes, nonResourceAttributes } = spec;
  const errors = [...accessErrors(spec), ...subjectErrors(spec), ...metadataErrors(metadata, "namespace")];
  if (resourceAttributes !== undefined && (resourceAttributes.namespace ?? "") !== namespace) {
    const field = "spec.resourceAttributes.namespace";
    errors.push(invalidValue(field, resourceAttributes.namespace ?? "", "must match metadata.namespace"));
  }
  if (nonResourceAttributes !== undefined) {
    errors.push(
      invalidValue("spec.nonResourceAttributes", nonResourceAttributes, "disallowed on this kind of request"),
    );
  }
  return errors;
}

export function createLocalSubjectAccessReviewHandler(authorizer: Authorizer): Handler {
  return async (context, { namespace }) => {
    const review = await readReview<LocalSubjectAccessReview>(context, localSubjectAccessReviews);
    const metadata: ObjectMeta | undefined = review.metadata;
    if ((metadata?.namespace ?? namespace) !== namespace) {
      throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
    }
    throwInvalid(localSubjectAccessReviews, localErrors(review, namespace));
    sendObject(context, CREATED, {
      ...review,
      metadata: { ...metadata, namespace },
      status: judge(authorizer, subjectOf(review.spec), review.spec),
    });
  };
}

function rulesStatus({ rules, errors, isIncomplete }: UserRules): SubjectRulesReviewStatus {
  return {
    resourceRules: rules
      .filter((rule) => (rule.resources ?? []).length > 0)
      .map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs,
        apiGroups,
        resources,
        ...((resourceNames ?? []).length === 0 ? {} : { resourceNames }),
      })),
    nonResourceRules: rules
      .filter((rule) => (rule.nonResourceURLs ?? []).length > 0)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete: isIncomplete,
    ...(errors.length === 0 ? {} : { evaluationError: errors.join(", ") }),
  };
}

export function createSelfSubjectRulesReviewHandler(authorizer: RbacAuthorizer): Handler {
  return async (context) => {
    const review = await readReview<SelfSubjectRulesReview>(context, selfSubjectRulesReviews);
    const namespace = review.spec.namespace ?? "";
    if (namespace === "") throw badRequest("no namespace on request");
    sendObject(context, CREATED, { ...review, status: rulesStatus(authorizer.rulesFor(context.user, namespace)) });
  };
}
