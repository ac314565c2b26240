import type { NetworkPolicy } from "../../../shared/api/generated/networking/v1.ts";
import { networkPolicies } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, orNone, textColumn } from "../../tables/columns.ts";
import { notSupported } from "../../validation/field-errors.ts";
import { validateLabelSelector } from "../../validation/label-selector.ts";
import { selectorText } from "../apps/workload.ts";

const TYPES = ["Egress", "Ingress"];

export const networkPolicyStrategy = serve<NetworkPolicy>({
  resource: networkPolicies,
  shortNames: ["netpol"],
  storagePrefix: "networkpolicies",
  hasGeneration: true,
  defaults: ({ spec }) => {
    const rules = [...(spec.ingress ?? []), ...(spec.egress ?? [])];
    for (const rule of rules) for (const port of rule.ports ?? []) port.protocol ??= "TCP";
    spec.policyTypes ??= (spec.egress ?? []).length > 0 ? ["Ingress", "Egress"] : ["Ingress"];
  },
  validate: ({ spec }) => [
    ...validateLabelSelector(spec.podSelector, "spec.podSelector"),
    ...(spec.policyTypes ?? []).flatMap((type, index) =>
      TYPES.includes(type) ? [] : [notSupported(`spec.policyTypes[${index}]`, type, TYPES)],
    ),
  ],
  columns: [
    nameColumn,
    textColumn("Pod-Selector", "Which pods it protects.", ({ spec }) => orNone(selectorText(spec.podSelector))),
    ageColumn,
  ],
  example: { spec: { podSelector: { matchLabels: { app: "web" } }, policyTypes: ["Ingress"] } },
});
