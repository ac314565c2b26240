import type { SelfSubjectAccessReview } from "../../../shared/api/generated/authorization/v1.ts";
import { selfSubjectAccessReviews } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";

/** May I do this? Never stored: `handlers/reviews/` answers it. */
export const selfSubjectAccessReviewStrategy = serve<SelfSubjectAccessReview>({
  resource: selfSubjectAccessReviews,
  verbs: ["create"],
  storagePrefix: "",
  example: { spec: { resourceAttributes: { verb: "get", resource: "pods" } } },
});
