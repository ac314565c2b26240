import type { HorizontalPodAutoscaler } from "../../../shared/api/generated/autoscaling/v1.ts";
import type { HorizontalPodAutoscaler as StoredAutoscaler } from "../../../shared/api/generated/autoscaling/v2.ts";
import { horizontalPodAutoscalersV1 } from "../../../shared/resources/catalog.ts";
import { serveVersion } from "../second-version.ts";
import { autoscalerDeclaration } from "./horizontal-pod-autoscaler.ts";
import { fromStoredAutoscaler, toStoredAutoscaler } from "./stored-autoscaler.ts";

export const horizontalPodAutoscalerV1Strategy = serveVersion<StoredAutoscaler, HorizontalPodAutoscaler>(
  autoscalerDeclaration,
  {
    resource: horizontalPodAutoscalersV1,
    fromStored: fromStoredAutoscaler,
    toStored: toStoredAutoscaler,
    defaults: ({ spec }) => {
      spec.minReplicas ??= 1;
    },
    example: {
      spec: {
        maxReplicas: 3,
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
        targetCPUUtilizationPercentage: 50,
      },
    },
  },
);
