import type { SubjectAccessReview } from "../../../shared/api/generated/authorization/v1.ts";
import { subjectAccessReviews } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";

/** May that user do this? Never stored: `handlers/reviews/` answers it. */
export const subjectAccessReviewStrategy = serve<SubjectAccessReview>({
  resource: subjectAccessReviews,
  verbs: ["create"],
  storagePrefix: "",
  example: { spec: { user: "jane", nonResourceAttributes: { path: "/healthz", verb: "get" } } },
});
