import type {
  APIService,
  APIServiceCondition,
  ServiceReference,
} from "../../../shared/api/generated/apiregistration/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { apiServices } from "../../../shared/resources/catalog.ts";
import { keepMetadataForStatus } from "../../registry/object-meta.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { invalidFor, invalidValue, notSupportedInOrder, required } from "../../validation/field-errors.ts";
import {
  dns1035LabelProblems,
  dnsSubdomainProblems,
  pathSegmentProblems,
  portNumberProblems,
} from "../../validation/names.ts";

const PORT = 443;
const GROUP_PRIORITY_MAX = 20_000;
const VERSION_PRIORITY_MAX = 1000;
const STATUSES = ["True", "False", "Unknown"];

export const apiServiceStrategy = serve<APIService>({
  resource: apiServices,
  categories: ["api-extensions"],
  storagePrefix: "apiregistration.k8s.io/apiservices",
  allowUnconditionalUpdate: false,
  validateName: pathSegmentProblems,
  defaults: ({ spec }) => {
    if (spec.service !== undefined) spec.service.port ??= PORT;
  },
  prepareForCreate: (service, { now }) => {
    // Whatever this server answers itself is there as soon as it is known.
    service.status = service.spec.service === undefined ? { conditions: [localAvailability(now)] } : {};
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
      keepMetadataForStatus(next, previous);
    },
    validateUpdate: ({ status }) =>
      (status?.conditions ?? []).flatMap((condition, index) =>
        STATUSES.includes(condition.status)
          ? []
          : [notSupportedInOrder(`status.conditions[${index}].status`, condition.status, STATUSES)],
      ),
  },
  validate: apiServiceErrors,
  columns: [
    nameColumn,
    textColumn("Service", "Who serves it.", ({ spec: { service } }) =>
      service === undefined ? "Local" : `${service.namespace ?? ""}/${service.name ?? ""}`,
    ),
    textColumn("Available", "Whether it is served now.", availabilityText),
    ageColumn,
  ],
  example: {
    metadata: { name: "v1.metrics.example.com" },
    spec: {
      group: "metrics.example.com",
      version: "v1",
      groupPriorityMinimum: 100,
      versionPriority: 10,
      service: { namespace: "default", name: "metrics" },
      insecureSkipTLSVerify: true,
    },
  },
});

function localAvailability(now: string): APIServiceCondition {
  return {
    type: "Available",
    status: "True",
    lastTransitionTime: now,
    reason: "Local",
    message: "Local APIServices are always available",
  };
}

function availabilityText({ status }: APIService): string {
  const condition = status?.conditions?.find(({ type }) => type === "Available");
  if (condition === undefined) return "Unknown";
  if (condition.status === "True" || (condition.reason ?? "") === "") return condition.status;
  return `${condition.status} (${condition.reason ?? ""})`;
}

function apiServiceErrors({ metadata, spec }: APIService): FieldError[] {
  const { group = "", version = "", groupPriorityMinimum, versionPriority, service, caBundle = "" } = spec;
  const name = String(metadata.name);
  const wanted = `${version}.${group}`;
  const errors: FieldError[] = [];
  if (name !== wanted && pathSegmentProblems(name).length === 0)
    errors.push(
      invalidValue(
        "metadata.name",
        metadata.name,
        `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`,
      ),
    );
  if (group === "" && version !== "v1")
    errors.push(required("spec.group", "only v1 may have an empty group and it better be legacy kube"));
  if (group !== "") errors.push(...invalidFor("spec.group", group, dnsSubdomainProblems(group)));
  errors.push(...invalidFor("spec.version", version, dns1035LabelProblems(version)));
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > GROUP_PRIORITY_MAX)
    errors.push(
      invalidValue("spec.groupPriorityMinimum", groupPriorityMinimum, "must be positive and less than 20000"),
    );
  if (versionPriority <= 0 || versionPriority > VERSION_PRIORITY_MAX)
    errors.push(invalidValue("spec.versionPriority", versionPriority, "must be positive and less than 1000"));
  const isInsecure = spec.insecureSkipTLSVerify === true;
  return [
    ...errors,
    ...(service === undefined ? localErrors(caBundle, isInsecure) : remoteErrors(service, caBundle, isInsecure)),
  ];
}

function localErrors(caBundle: string, isInsecure: boolean): FieldError[] {
  const bytes = Buffer.from(caBundle, "base64").length;
  return [
    ...(bytes > 0
      ? [invalidValue("spec.caBundle", `${bytes} bytes`, "local APIServices may not have a caBundle")]
      : []),
    ...(isInsecure
      ? [invalidValue("spec.insecureSkipTLSVerify", true, "local APIServices may not have insecureSkipTLSVerify")]
      : []),
  ];
}

function remoteErrors(service: ServiceReference, caBundle: string, isInsecure: boolean): FieldError[] {
  const { namespace = "", name = "", port = 0 } = service;
  const portProblems = portNumberProblems(port);
  return [
    ...(namespace === "" ? [required("spec.service.namespace")] : []),
    ...(name === "" ? [required("spec.service.name")] : []),
    ...(portProblems.length > 0
      ? [invalidValue("spec.service.port", port, `port is not valid: ${portProblems.join(", ")}`)]
      : []),
    ...(isInsecure && caBundle !== ""
      ? [invalidValue("spec.insecureSkipTLSVerify", true, "may not be true if caBundle is present")]
      : []),
  ];
}
