import type { ResourceClaimTemplate } from "../../../shared/api/generated/resource/v1.ts";
import { resourceClaimTemplates } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { immutable, validateAnnotations, validateLabels } from "../../validation/object-meta.ts";
import { claimErrors, defaultDeviceClaim } from "./device-claim.ts";

export const resourceClaimTemplateStrategy = serve<ResourceClaimTemplate>({
  resource: resourceClaimTemplates,
  storagePrefix: "resourceclaimtemplates",
  defaults: ({ spec }) => {
    spec.spec ??= {};
    defaultDeviceClaim(spec.spec.devices);
  },
  // What cannot change is not looked at again.
  validate: ({ spec }, previous) =>
    previous === undefined
      ? [
          ...validateLabels(spec.metadata?.labels, "spec.metadata.labels"),
          ...validateAnnotations(spec.metadata?.annotations, "spec.metadata.annotations"),
          ...claimErrors(spec.spec.devices, "spec.spec.devices"),
        ]
      : [],
  validateUpdate: (next, previous) => immutable(next.spec, previous.spec, "spec"),
  example: {
    spec: {
      spec: {
        devices: {
          requests: [
            {
              name: "gpu",
              firstAvailable: [
                { name: "large", deviceClassName: "large.example.com" },
                { name: "small", deviceClassName: "small.example.com", count: 2 },
              ],
            },
          ],
        },
      },
    },
  },
});
