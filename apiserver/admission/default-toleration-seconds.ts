/**
 * DefaultTolerationSeconds (upstream: `plugin/pkg/admission/defaulttolerationseconds`): pods stay for five minutes on
 * a node that is not ready or cannot be reached, unless they say otherwise.
 */
import type { Toleration } from "../../shared/api/generated/core/v1.ts";
import type { AdmissionPlugin } from "./admission.ts";
import { podOf } from "./refusal.ts";

const TOLERATION_SECONDS = 300;
const TAINTS = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

function concerns(toleration: Toleration, taint: string): boolean {
  const key = toleration.key ?? "";
  const effect = toleration.effect ?? "";
  return (key === taint || key === "") && (effect === "NoExecute" || effect === "");
}

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: "DefaultTolerationSeconds",
  mutate: (request) => {
    const pod = podOf(request);
    if (pod === undefined || request.operation === "DELETE") return;
    const present = pod.spec.tolerations ?? [];
    const missing = TAINTS.filter((taint) => !present.some((toleration) => concerns(toleration, taint)));
    if (missing.length === 0) return;
    const added = missing.map((key) => ({
      key,
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: TOLERATION_SECONDS,
    }));
    pod.spec.tolerations = [...present, ...added];
  },
};
