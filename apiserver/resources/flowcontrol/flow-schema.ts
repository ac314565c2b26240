import type { FlowSchema, FlowSchemaSpec } from "../../../shared/api/generated/flowcontrol/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { flowSchemas } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { invalidFor, invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { dnsSubdomainProblems } from "../../validation/names.ts";
import { conditionErrors } from "./flow-conditions.ts";
import { ruleErrors } from "./flow-rules.ts";
import { mandatoryFlowSchemas } from "./mandatory.ts";

const PRECEDENCE = 1000;
const PRECEDENCE_MAX = 10_000;
const EXEMPT = "exempt";
const DISTINGUISHERS = ["ByNamespace", "ByUser"];

export const flowSchemaStrategy = serve<FlowSchema>({
  resource: flowSchemas,
  storagePrefix: "flowschemas",
  hasGeneration: true,
  defaults: ({ spec }) => {
    spec.matchingPrecedence ||= PRECEDENCE;
  },
  prepareForCreate: (schema) => {
    schema.status = {};
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.metadata = { ...previous.metadata, managedFields: next.metadata.managedFields };
      next.spec = previous.spec;
    },
    validateUpdate: ({ status }) => conditionErrors(status?.conditions ?? []),
  },
  validate: ({ metadata, spec, status }) => [
    ...specErrors(metadata.name, spec),
    ...mandatoryErrors(metadata.name, spec),
    ...conditionErrors(status?.conditions ?? []),
  ],
  rowOrder: (left, right) =>
    (left.spec.matchingPrecedence ?? 0) - (right.spec.matchingPrecedence ?? 0) ||
    (left.metadata.name < right.metadata.name ? -1 : 1),
  columns: [
    nameColumn,
    textColumn("PriorityLevel", "Level that its requests go to.", ({ spec }) => spec.priorityLevelConfiguration.name),
    textColumn("MatchingPrecedence", "The lowest that matches wins.", ({ spec }) => spec.matchingPrecedence ?? 0),
    textColumn(
      "DistinguisherMethod",
      "What makes a flow of its own.",
      ({ spec }) => spec.distinguisherMethod?.type ?? "<none>",
    ),
    ageColumn,
    textColumn(
      "MissingPL",
      "Whether its priority level is missing.",
      ({ status }) => status?.conditions?.find(({ type }) => type === "Dangling")?.status ?? "?",
    ),
  ],
  example: {
    spec: {
      matchingPrecedence: 5000,
      priorityLevelConfiguration: { name: "workload-low" },
      distinguisherMethod: { type: "ByUser" },
      rules: [
        {
          subjects: [{ kind: "User", user: { name: "jane" } }],
          resourceRules: [{ verbs: ["list"], apiGroups: [""], resources: ["pods"], namespaces: ["default"] }],
        },
      ],
    },
  },
});

function specErrors(name: string, spec: FlowSchemaSpec): FieldError[] {
  const { matchingPrecedence: precedence = 0, distinguisherMethod, priorityLevelConfiguration, rules = [] } = spec;
  const wrong = (detail: string): FieldError => invalidValue("spec.matchingPrecedence", precedence, detail);
  const errors: FieldError[] = [];
  if (precedence <= 0) errors.push(wrong("must be a positive value"));
  if (precedence > PRECEDENCE_MAX) errors.push(wrong(`must not be greater than ${PRECEDENCE_MAX}`));
  if (precedence === 1 && name !== EXEMPT)
    errors.push(wrong("only the schema named 'exempt' may have matchingPrecedence 1"));
  if (distinguisherMethod !== undefined && !DISTINGUISHERS.includes(distinguisherMethod.type))
    errors.push(notSupported("spec.distinguisherMethod.type", distinguisherMethod, DISTINGUISHERS));
  const level = priorityLevelConfiguration.name;
  const at = "spec.priorityLevelConfiguration.name";
  if (level === "") errors.push(required(at, "must reference a priority level"));
  else errors.push(...invalidFor(at, level, dnsSubdomainProblems(level)));
  return [...errors, ...rules.flatMap((rule, index) => ruleErrors(rule, `spec.rules[${index}]`))];
}

function mandatoryErrors(name: string, spec: FlowSchemaSpec): FieldError[] {
  const fixed = mandatoryFlowSchemas.find((schema) => schema.metadata.name === name);
  if (fixed === undefined || deepEqual(fixed.spec, spec)) return [];
  return [invalidValue("spec", spec, `spec of '${name}' must equal the fixed value`)];
}
