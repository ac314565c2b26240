import type { LocalSubjectAccessReview } from "../../../shared/api/generated/authorization/v1.ts";
import { localSubjectAccessReviews } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";

/** May that user do this in the namespace? Never stored: `handlers/reviews/` answers it. */
export const localSubjectAccessReviewStrategy = serve<LocalSubjectAccessReview>({
  resource: localSubjectAccessReviews,
  verbs: ["create"],
  storagePrefix: "",
  example: { spec: { user: "jane", resourceAttributes: { namespace: "default", verb: "get", resource: "pods" } } },
});
