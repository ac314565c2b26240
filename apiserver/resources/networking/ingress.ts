import type { Ingress } from "../../../shared/api/generated/networking/v1.ts";
import { ingresses } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { CLASS_ANNOTATION, validateClass, validateIngress, validateIngressStatus } from "./ingress-validation.ts";

/** The hosts column shows a few, then says how many more. */
const SHOWN_MAX = 3;

export const ingressStrategy = serve<Ingress>({
  resource: ingresses,
  shortNames: ["ing"],
  storagePrefix: "ingress",
  hasGeneration: true,
  prepareForCreate: (ingress) => {
    ingress.status = { loadBalancer: {} };
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
    },
    validateUpdate: validateIngressStatus,
  },
  validate: validateIngress,
  validateCreate: validateClass,
  warnings: ({ metadata, spec }, previous) =>
    previous === undefined &&
    metadata.annotations?.[CLASS_ANNOTATION] !== undefined &&
    spec.ingressClassName === undefined
      ? [`annotation "${CLASS_ANNOTATION}" is deprecated, please use 'spec.ingressClassName' instead`]
      : [],
  columns: [
    nameColumn,
    textColumn("Class", "Which controller serves it.", ({ spec }) => spec.ingressClassName ?? "<none>"),
    textColumn("Hosts", "Hosts that requests are matched against.", hostsText),
    textColumn("Address", "Where the load balancer listens.", addressText),
    textColumn("Ports", "Ports that are open.", ({ spec }) => ((spec.tls ?? []).length > 0 ? "80, 443" : "80")),
    ageColumn,
  ],
  example: {
    spec: {
      rules: [
        {
          host: "web.example",
          http: {
            paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "web", port: { number: 80 } } } }],
          },
        },
      ],
    },
  },
});

/** Once three hosts are shown, every further rule counts, also one without a host. */
function hostsText({ spec }: Ingress): string {
  const rules = spec.rules ?? [];
  const shown: string[] = [];
  let hasMore = false;
  for (const { host = "" } of rules) {
    if (shown.length === SHOWN_MAX) hasMore = true;
    else if (host !== "") shown.push(host);
  }
  if (shown.length === 0) return "*";
  return `${shown.join(",")}${hasMore ? ` + ${rules.length - SHOWN_MAX} more...` : ""}`;
}

function addressText({ status }: Ingress): string {
  const addresses = (status?.loadBalancer?.ingress ?? []).map(({ ip = "", hostname = "" }) =>
    ip === "" ? hostname : ip,
  );
  return [...new Set(addresses.filter((address) => address !== ""))].sort().join(",");
}
