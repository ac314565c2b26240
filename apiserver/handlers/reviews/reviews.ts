/** Handlers of the kinds that can only be created, by `<plural>.<group>`. */
import type { TokenAuthenticator } from "../../authentication/token-authenticator.ts";
import type { RbacAuthorizer } from "../../authorization/rbac.ts";
import type { Handler } from "../handler.ts";
import {
  createLocalSubjectAccessReviewHandler,
  createSelfSubjectAccessReviewHandler,
  createSelfSubjectRulesReviewHandler,
  createSubjectAccessReviewHandler,
} from "./access-review.ts";
import { createTokenReviewHandler, handleSelfSubjectReview } from "./identity-review.ts";

export interface ReviewDependencies {
  readonly authorizer: RbacAuthorizer;
  readonly tokenAuthenticator: TokenAuthenticator;
}

export function createReviewHandlers({
  authorizer,
  tokenAuthenticator,
}: ReviewDependencies): Readonly<Record<string, Handler>> {
  return {
    "tokenreviews.authentication.k8s.io": createTokenReviewHandler(tokenAuthenticator),
    "selfsubjectreviews.authentication.k8s.io": handleSelfSubjectReview,
    "subjectaccessreviews.authorization.k8s.io": createSubjectAccessReviewHandler(authorizer),
    "localsubjectaccessreviews.authorization.k8s.io": createLocalSubjectAccessReviewHandler(authorizer),
    "selfsubjectaccessreviews.authorization.k8s.io": createSelfSubjectAccessReviewHandler(authorizer),
    "selfsubjectrulesreviews.authorization.k8s.io": createSelfSubjectRulesReviewHandler(authorizer),
  };
}
