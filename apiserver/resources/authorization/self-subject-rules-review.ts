import type { SelfSubjectRulesReview } from "../../../shared/api/generated/authorization/v1.ts";
import { selfSubjectRulesReviews } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";

/** What may I do in the namespace? Never stored: `handlers/reviews/` answers it. */
export const selfSubjectRulesReviewStrategy = serve<SelfSubjectRulesReview>({
  resource: selfSubjectRulesReviews,
  verbs: ["create"],
  storagePrefix: "",
  example: { spec: { namespace: "default" } },
});
