import type { ValidatingWebhookConfiguration } from "../../../shared/api/generated/admissionregistration/v1.ts";
import { validatingWebhookConfigurations } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, countColumn, nameColumn } from "../../tables/columns.ts";
import { defaultWebhook, webhookErrors } from "./webhooks.ts";
import { staticNameWarnings } from "./static-names.ts";

export const validatingWebhookConfigurationStrategy = serve<ValidatingWebhookConfiguration>({
  resource: validatingWebhookConfigurations,
  categories: ["api-extensions"],
  storagePrefix: "validatingwebhookconfigurations",
  allowUnconditionalUpdate: false,
  hasGeneration: true,
  generationOf: ({ webhooks }) => webhooks,
  defaults: ({ webhooks = [] }) => webhooks.forEach(defaultWebhook),
  validate: (next, previous) =>
    webhookErrors(next.webhooks ?? [], previous === undefined ? undefined : (previous.webhooks ?? [])),
  warnings: staticNameWarnings,
  columns: [
    nameColumn,
    countColumn("Webhooks", "How many webhooks there are.", ({ webhooks = [] }) => webhooks.length),
    ageColumn,
  ],
  example: {
    webhooks: [
      {
        name: "check.example.com",
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        failurePolicy: "Ignore",
        clientConfig: { service: { namespace: "default", name: "check", path: "/check" } },
        // Nothing is of this group: the example must not be in anybody's way.
        rules: [{ operations: ["CREATE"], apiGroups: ["example.com"], apiVersions: ["v1"], resources: ["widgets"] }],
      },
    ],
  },
});
