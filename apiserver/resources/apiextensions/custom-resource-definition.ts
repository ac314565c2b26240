/**
 * CustomResourceDefinitions as objects: names, versions and schemas are checked as upstream does; accepting their
 * names and serving them is a controller's work.
 */
import type { CustomResourceDefinition } from "../../../shared/api/generated/apiextensions/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { customResourceDefinitions } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { createdAtColumn, nameColumn } from "../../tables/columns.ts";
import { invalidValue } from "../../validation/field-errors.ts";
import { dnsSubdomainProblems } from "../../validation/names.ts";
import { immutable } from "../../validation/object-meta.ts";
import { approvalErrors } from "./api-approval.ts";
import { nameErrors } from "./definition-names.ts";
import { specErrors } from "./definition-spec.ts";

const PORT = 443;

export const customResourceDefinitionStrategy = serve<CustomResourceDefinition>({
  resource: customResourceDefinitions,
  shortNames: ["crd", "crds"],
  categories: ["api-extensions"],
  storagePrefix: "apiextensions.k8s.io/customresourcedefinitions",
  hasGeneration: true,
  allowUnconditionalUpdate: false,
  defaults: defaultDefinition,
  prepareForCreate: (definition) => {
    definition.status = {};
    addStoredVersion(definition);
  },
  prepareForUpdate: (next, previous) => {
    next.status = { ...previous.status };
    addStoredVersion(next);
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
    },
    validateUpdate: ({ status }) => nameErrors(status?.acceptedNames, "status.acceptedNames"),
  },
  validate: (definition) => [
    ...definitionNameErrors(definition),
    ...specErrors(definition.spec),
    ...nameErrors(definition.status?.acceptedNames, "status.acceptedNames"),
    ...storedVersionErrors(definition),
    ...approvalErrors(definition),
    ...preservingErrors(definition),
  ],
  validateUpdate: (next, previous) => [
    ...(isEstablished(previous)
      ? [
          ...immutable(next.spec.scope, previous.spec.scope, "spec.scope"),
          ...immutable(next.spec.names.kind, previous.spec.names.kind, "spec.names.kind"),
        ]
      : []),
    ...immutable(next.spec.group, previous.spec.group, "spec.group"),
    ...immutable(next.spec.names.plural, previous.spec.names.plural, "spec.names.plural"),
  ],
  columns: [nameColumn, createdAtColumn],
  example: {
    metadata: { name: "widgets.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList", shortNames: ["wd"] },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: "object",
              properties: { spec: { type: "object", properties: { size: { type: "integer", minimum: 1 } } } },
            },
          },
          additionalPrinterColumns: [{ name: "Size", type: "integer", jsonPath: ".spec.size" }],
          subresources: { status: {} },
        },
      ],
    },
  },
});

function defaultDefinition(definition: CustomResourceDefinition): void {
  const { spec } = definition;
  const { names } = spec;
  if ((names.singular ?? "") === "") names.singular = names.kind.toLowerCase();
  if ((names.listKind ?? "") === "" && names.kind !== "") names.listKind = `${names.kind}List`;
  spec.conversion ??= { strategy: "None" };
  const service = spec.conversion.webhook?.clientConfig?.service;
  if (service !== undefined) service.port ??= PORT;
  definition.status ??= {};
  if ((definition.status.storedVersions ?? []).length === 0) addStoredVersion(definition);
}

/** What is written from now on is in that version. */
function addStoredVersion(definition: CustomResourceDefinition): void {
  const stored = definition.spec.versions.find(({ storage }) => storage)?.name;
  const known = definition.status?.storedVersions ?? [];
  if (stored === undefined || known.includes(stored)) return;
  definition.status = { ...definition.status, storedVersions: [...known, stored] };
}

function isEstablished({ status }: CustomResourceDefinition): boolean {
  return (status?.conditions ?? []).some(
    (condition) => condition.type === "Established" && condition.status === "True",
  );
}

function definitionNameErrors({ metadata: { name }, spec }: CustomResourceDefinition): FieldError[] {
  // A name that is none at all was found before.
  if (name === `${spec.names.plural}.${spec.group}` || dnsSubdomainProblems(String(name)).length > 1) return [];
  return [invalidValue("metadata.name", name, 'must be spec.names.plural+"."+spec.group')];
}

function storedVersionErrors({ spec, status }: CustomResourceDefinition): FieldError[] {
  const field = "status.storedVersions";
  const stored = status?.storedVersions ?? [];
  if (stored.length === 0) return [invalidValue(field, stored, "must have at least one stored version")];
  const names = spec.versions.map(({ name }) => name);
  return [
    ...spec.versions
      .filter(({ name, storage }) => storage && !stored.includes(name))
      .map(({ name }) => invalidValue(field, stored, `must have the storage version ${name}`)),
    ...stored.flatMap((version, index) =>
      names.includes(version)
        ? []
        : [
            invalidValue(
              `${field}[${index}]`,
              version,
              `missing from spec.versions; ${version} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${version} and removes ${version} from status.storedVersions`,
            ),
          ],
    ),
  ];
}

function preservingErrors({ spec }: CustomResourceDefinition): FieldError[] {
  if (spec.preserveUnknownFields !== true) return [];
  const detail =
    "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
  return [invalidValue("spec.preserveUnknownFields", true, detail)];
}
