/** SubjectAccessReview and its three siblings (upstream: `pkg/registry/authorization`). */
import type {
  LocalSubjectAccessReview,
  NonResourceAttributes,
  ResourceAttributes,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  SubjectAccessReviewSpec,
  SubjectAccessReviewStatus,
  SubjectRulesReviewStatus,
} from "../../../shared/api/generated/authorization/v1.ts";
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
import { readReview } from "./read-review.ts";

const CREATED = 201;

interface Asked {
  readonly resourceAttributes?: ResourceAttributes | undefined;
  readonly nonResourceAttributes?: NonResourceAttributes | undefined;
}

function fieldInvalid(field: string, value: string, why: string): FieldError {
  return { reason: "FieldValueInvalid", field, detail: `Invalid value: ${value}: ${why}` };
}

function checkAttributes({ resourceAttributes, nonResourceAttributes }: Asked): FieldError[] {
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) {
    const value = JSON.stringify(nonResourceAttributes);
    return [
      fieldInvalid("spec.nonResourceAttributes", value, "cannot be specified in combination with resourceAttributes"),
    ];
  }
  if (resourceAttributes !== undefined || nonResourceAttributes !== undefined) return [];
  const why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
  return [fieldInvalid("spec.resourceAttributes", "null", why)];
}

function checkSubject(spec: SubjectAccessReviewSpec): FieldError[] {
  const isNamed = (spec.user ?? "") !== "" || (spec.groups ?? []).length > 0;
  return isNamed ? [] : [fieldInvalid("spec.user", '""', "at least one of user or group must be specified")];
}

function throwInvalid(kind: { group: string; kind: string }, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid(kind, "", errors);
}

function attributesOf({ resourceAttributes: resource, nonResourceAttributes: path }: Asked): AuthorizationAttributes {
  if (resource === undefined) return { kind: "path", verb: path?.verb ?? "", path: path?.path ?? "" };
  return {
    kind: "resource",
    verb: resource.verb ?? "",
    group: resource.group ?? "",
    version: resource.version ?? "",
    resource: resource.resource ?? "",
    subresource: resource.subresource ?? "",
    namespace: resource.namespace ?? "",
    name: resource.name ?? "",
  };
}

function subjectOf(spec: SubjectAccessReviewSpec): UserInfo {
  return { name: spec.user ?? "", uid: spec.uid ?? "", groups: spec.groups ?? [], extra: spec.extra ?? {} };
}

function judge(authorizer: Authorizer, user: UserInfo, asked: Asked): SubjectAccessReviewStatus {
  const { isAllowed, reason } = authorizer.authorize(user, attributesOf(asked));
  return { allowed: isAllowed, ...(reason === "" ? {} : { reason }) };
}

export function createSubjectAccessReviewHandler(authorizer: Authorizer): Handler {
  return async (context) => {
    const review = await readReview<SubjectAccessReview>(context, subjectAccessReviews);
    throwInvalid(subjectAccessReviews, [...checkAttributes(review.spec), ...checkSubject(review.spec)]);
    sendObject(context, CREATED, { ...review, status: judge(authorizer, subjectOf(review.spec), review.spec) });
  };
}

export function createSelfSubjectAccessReviewHandler(authorizer: Authorizer): Handler {
  return async (context) => {
    const review = await readReview<SelfSubjectAccessReview>(context, selfSubjectAccessReviews);
    throwInvalid(selfSubjectAccessReviews, checkAttributes(review.spec));
    sendObject(context, CREATED, { ...review, status: judge(authorizer, context.user, review.spec) });
  };
}

function checkLocal(review: LocalSubjectAccessReview, namespace: string): void {
  const { spec } = review;
  const errors = [...checkAttributes(spec), ...checkSubject(spec)];
  if (spec.nonResourceAttributes !== undefined) {
    const value = JSON.stringify(spec.nonResourceAttributes);
    errors.push(fieldInvalid("spec.nonResourceAttributes", value, "disallowed on this kind of request"));
  }
  throwInvalid(localSubjectAccessReviews, errors);
  if (spec.resourceAttributes?.namespace !== namespace) {
    throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace}`);
  }
}

export function createLocalSubjectAccessReviewHandler(authorizer: Authorizer): Handler {
  return async (context, { namespace }) => {
    const review = await readReview<LocalSubjectAccessReview>(context, localSubjectAccessReviews);
    checkLocal(review, namespace);
    sendObject(context, CREATED, { ...review, status: judge(authorizer, subjectOf(review.spec), review.spec) });
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
