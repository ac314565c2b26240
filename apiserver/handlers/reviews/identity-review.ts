/** TokenReview and SelfSubjectReview (upstream: `pkg/registry/authentication`). */
import type {
  SelfSubjectReview,
  TokenReview,
  TokenReviewStatus,
  UserInfo as UserInfoBody,
} from "../../../shared/api/generated/authentication/v1.ts";
import { badRequest } from "../../../shared/errors/status-error.ts";
import { selfSubjectReviews, tokenReviews } from "../../../shared/resources/catalog.ts";
import type { TokenAuthenticator, TokenVerdict } from "../../authentication/token-authenticator.ts";
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

function tokenStatus(verdict: TokenVerdict): TokenReviewStatus {
  if (verdict.kind === "unknown") return { user: {}, error: "invalid bearer token" };
  if (verdict.kind === "refused") return { user: {}, error: verdict.why };
  return { authenticated: true, user: userBody(verdict.user), audiences: [...verdict.audiences] };
}

export function createTokenReviewHandler(tokens: TokenAuthenticator): Handler {
  return async (context) => {
    const review = await readReview<TokenReview>(context, tokenReviews);
    const { token, audiences }: Partial<TokenReview["spec"]> = review.spec;
    if (token === undefined || token === "") throw badRequest("token is required for TokenReview in authentication");
    const status = tokenStatus(await tokens.authenticateToken(token, audiences ?? []));
    sendObject(context, CREATED, { ...review, status });
  };
}

export const handleSelfSubjectReview: Handler = async (context) => {
  const review = await readReview<SelfSubjectReview>(context, selfSubjectReviews);
  sendObject(context, CREATED, { ...review, status: { userInfo: userBody(context.user) } });
};
