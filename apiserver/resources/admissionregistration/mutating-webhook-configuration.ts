import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
} from "../../../shared/api/generated/admissionregistration/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { mutatingWebhookConfigurations } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, countColumn, nameColumn } from "../../tables/columns.ts";
import { notSupported } from "../../validation/field-errors.ts";
import { defaultWebhook, webhookErrors } from "./webhooks.ts";
import { staticNameWarnings } from "./static-names.ts";

const REINVOCATIONS = ["IfNeeded", "Never"];

export const mutatingWebhookConfigurationStrategy = serve<MutatingWebhookConfiguration>({
  resource: mutatingWebhookConfigurations,
  categories: ["api-extensions"],
  storagePrefix: "mutatingwebhookconfigurations",
  allowUnconditionalUpdate: false,
  hasGeneration: true,
  generationOf: ({ webhooks }) => webhooks,
  defaults: ({ webhooks = [] }) => {
    for (const webhook of webhooks) {
      defaultWebhook(webhook);
      webhook.reinvocationPolicy ??= "Never";
    }
  },
  validate: ({ webhooks = [] }, previous) => [
    ...webhookErrors(webhooks, previous === undefined ? undefined : (previous.webhooks ?? [])),
    ...webhooks.flatMap(reinvocationErrors),
  ],
  warnings: staticNameWarnings,
  columns: [
    nameColumn,
    countColumn("Webhooks", "How many webhooks there are.", ({ webhooks = [] }) => webhooks.length),
    ageColumn,
  ],
  example: {
    webhooks: [
      {
        name: "fill.example.com",
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        failurePolicy: "Ignore",
        clientConfig: { url: "https://fill.example.com/fill" },
        // Nothing is of this group: the example must not be in anybody's way.
        rules: [{ operations: ["CREATE"], apiGroups: ["example.com"], apiVersions: ["v1"], resources: ["widgets"] }],
      },
    ],
  },
});

function reinvocationErrors({ reinvocationPolicy: policy }: MutatingWebhook, index: number): FieldError[] {
  if (policy === undefined || REINVOCATIONS.includes(policy)) return [];
  return [notSupported(`webhooks[${index}].reinvocationPolicy`, policy, REINVOCATIONS)];
}
