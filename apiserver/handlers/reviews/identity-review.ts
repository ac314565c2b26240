/** TokenReview and SelfSubjectReview (upstream: `pkg/registry/authentication`). */
import type {
  SelfSubjectReview,
  TokenReview,
  TokenReviewStatus,
  UserInfo as UserInfoBody,
} from "../../../shared/api/generated/authentication/v1.ts";
import { badRequest } from "../../../shared/errors/status-error.ts";
import { selfSubjectReviews, tokenReviews } from "../../../shared/resources/catalog.ts";
import type { ServiceAccountTokens, VerifiedToken } from "../../authentication/service-account-tokens.ts";
import type { UserInfo } from "../../authentication/user.ts";
import { sendObject } from "../../http/respond.ts";
import type { Handler } from "../handler.ts";
import { readReview } from "./read-review.ts";

const CREATED = 201;

function userBody({ name, uid, groups, extra }: UserInfo): UserInfoBody {
  const entries = Object.entries(extra).map(([key, values]): [string, string[]] => [key, [...values]]);
  return {
    username: name,
    ...(uid === "" ? {} : { uid }),
    ...(groups.length === 0 ? {} : { groups: [...groups] }),
    ...(entries.length === 0 ? {} : { extra: Object.fromEntries(entries) }),
  };
}

function tokenStatus(verified: VerifiedToken | undefined): TokenReviewStatus {
  if (verified === undefined) return { user: {}, error: "invalid bearer token" };
  return { authenticated: true, user: userBody(verified.user), audiences: [...verified.audiences] };
}

/** Without `tokens` no token is good. */
export function createTokenReviewHandler(tokens: Pick<ServiceAccountTokens, "verify"> | undefined): Handler {
  return async (context) => {
    const review = await readReview<TokenReview>(context, tokenReviews);
    const { token, audiences }: Partial<TokenReview["spec"]> = review.spec;
    if (token === undefined || token === "") throw badRequest("token is required for TokenReview in authentication");
    const status = tokenStatus(await tokens?.verify(token, audiences ?? []));
    sendObject(context, CREATED, { ...review, status });
  };
}

export const handleSelfSubjectReview: Handler = async (context) => {
  const review = await readReview<SelfSubjectReview>(context, selfSubjectReviews);
  sendObject(context, CREATED, { ...review, status: { userInfo: userBody(context.user) } });
};
