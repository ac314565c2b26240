import type { NetworkPolicy } from "../../../shared/api/generated/networking/v1.ts";
import { networkPolicies } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, orNone, textColumn } from "../../tables/columns.ts";
import { selectorText } from "../apps/workload.ts";
import { networkPolicyWarnings, validateNetworkPolicy } from "./network-policy-validation.ts";

export const networkPolicyStrategy = serve<NetworkPolicy>({
  resource: networkPolicies,
  shortNames: ["netpol"],
  storagePrefix: "networkpolicies",
  hasGeneration: true,
  defaults: ({ spec }) => {
    const rules = [...(spec.ingress ?? []), ...(spec.egress ?? [])];
    for (const rule of rules) for (const port of rule.ports ?? []) port.protocol ??= "TCP";
    if ((spec.policyTypes ?? []).length === 0)
      spec.policyTypes = (spec.egress ?? []).length > 0 ? ["Ingress", "Egress"] : ["Ingress"];
  },
  validate: validateNetworkPolicy,
  warnings: networkPolicyWarnings,
  columns: [
    nameColumn,
    textColumn("Pod-Selector", "Which pods it protects.", ({ spec }) => orNone(selectorText(spec.podSelector))),
    ageColumn,
  ],
  example: { spec: { podSelector: { matchLabels: { app: "web" } }, policyTypes: ["Ingress"] } },
});
