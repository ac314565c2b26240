import type { Ingress, IngressBackend } from "../../../shared/api/generated/networking/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { ingresses } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, orNone, textColumn } from "../../tables/columns.ts";
import { invalidFor, invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { dnsSubdomainProblems } from "../../validation/names.ts";

const PATH_TYPES = ["Exact", "ImplementationSpecific", "Prefix"];
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
  },
  validate: validateIngress,
  columns: [
    nameColumn,
    textColumn("Class", "Which controller serves it.", ({ spec, metadata }) =>
      orNone(spec.ingressClassName ?? metadata.annotations?.["kubernetes.io/ingress.class"]),
    ),
    textColumn("Hosts", "Hosts that requests are matched against.", hostsText),
    textColumn("Address", "Where the load balancer listens.", ({ status }) =>
      (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? "").join(","),
    ),
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

function hostsText({ spec }: Ingress): string {
  const hosts = (spec.rules ?? []).map(({ host }) => host ?? "").filter((host) => host !== "");
  if (hosts.length === 0) return "*";
  const more = hosts.length - SHOWN_MAX;
  return `${hosts.slice(0, SHOWN_MAX).join(",")}${more > 0 ? ` + ${more} more...` : ""}`;
}

function validateIngress({ spec }: Ingress): FieldError[] {
  const rules = spec.rules ?? [];
  if (rules.length === 0 && spec.defaultBackend === undefined) {
    return [invalidValue("spec", [], "either `defaultBackend` or `rules` must be specified")];
  }
  return [
    ...(spec.defaultBackend === undefined ? [] : backendErrors(spec.defaultBackend, "spec.defaultBackend")),
    ...rules.flatMap(({ host = "", http }, index) => [
      ...(host === ""
        ? []
        : invalidFor(`spec.rules[${index}].host`, host, dnsSubdomainProblems(host.replace(/^\*\./, "")))),
      ...(http?.paths ?? []).flatMap((path, position) =>
        pathErrors(path, `spec.rules[${index}].http.paths[${position}]`),
      ),
    ]),
  ];
}

function pathErrors(
  { path = "", pathType, backend }: { path?: string | undefined; pathType: string; backend: IngressBackend },
  field: string,
): FieldError[] {
  const errors = backendErrors(backend, `${field}.backend`);
  if (pathType === "") errors.push(required(`${field}.pathType`, "pathType must be specified"));
  else if (!PATH_TYPES.includes(pathType)) errors.push(notSupported(`${field}.pathType`, pathType, PATH_TYPES));
  if (pathType !== "ImplementationSpecific" && !path.startsWith("/"))
    errors.push(invalidValue(`${field}.path`, path, "must be an absolute path"));
  return errors;
}

function backendErrors({ service, resource }: IngressBackend, field: string): FieldError[] {
  if (service !== undefined && resource !== undefined)
    return [invalidValue(field, "", "cannot set both resource and service backends")];
  if (service === undefined && resource === undefined) return [required(field, "port name or number is required")];
  if (service === undefined) return [];
  const errors = service.name === "" ? [required(`${field}.service.name`)] : [];
  if ((service.port?.name ?? "") === "" && (service.port?.number ?? 0) === 0)
    errors.push(required(field, "port name or number is required"));
  return errors;
}
