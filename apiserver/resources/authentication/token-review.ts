import type { TokenReview } from "../../../shared/api/generated/authentication/v1.ts";
import { tokenReviews } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";

/** Whose token is this? Never stored: `handlers/reviews/` answers it. */
export const tokenReviewStrategy = serve<TokenReview>({
  resource: tokenReviews,
  verbs: ["create"],
  storagePrefix: "",
  example: { spec: { token: "token" } },
});
