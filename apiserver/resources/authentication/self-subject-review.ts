import type { SelfSubjectReview } from "../../../shared/api/generated/authentication/v1.ts";
import { selfSubjectReviews } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";

/** Who am I? Never stored: `handlers/reviews/` answers it. */
export const selfSubjectReviewStrategy = serve<SelfSubjectReview>({
  resource: selfSubjectReviews,
  verbs: ["create"],
  storagePrefix: "",
  example: {},
});
