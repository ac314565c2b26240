import type { PriorityClass } from "../../../shared/api/generated/scheduling/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { priorityClasses } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, countColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { forbiddenField, notSupportedInOrder, required } from "../../validation/field-errors.ts";
import { immutable } from "../../validation/object-meta.ts";

/** Above it only the system's own classes. */
const USER_PRIORITY_MAX = 1_000_000_000;
const SYSTEM_PREFIX = "system-";
const POLICIES = ["PreemptLowerPriority", "Never"];
/** What the bootstrap creates. */
const SYSTEM_VALUES: ReadonlyMap<string, number> = new Map([
  ["system-cluster-critical", 2_000_000_000],
  ["system-node-critical", 2_000_001_000],
]);

export const priorityClassStrategy = serve<PriorityClass>({
  resource: priorityClasses,
  shortNames: ["pc"],
  storagePrefix: "priorityclasses",
  hasGeneration: true,
  generationOf: () => 1,
  defaults: (priorityClass) => {
    priorityClass.preemptionPolicy ??= "PreemptLowerPriority";
  },
  validate: validatePriorityClass,
  validateUpdate: (next, previous) => [
    ...(next.value === previous.value ? [] : [forbiddenField("value", "may not be changed in an update.")]),
    ...immutable(next.preemptionPolicy, previous.preemptionPolicy, "preemptionPolicy"),
  ],
  refuseDeletion: ({ metadata }) =>
    SYSTEM_VALUES.has(metadata.name) ? "this is a system priority class and cannot be deleted" : undefined,
  columns: [
    nameColumn,
    countColumn("Value", "The priority of pods of this class.", ({ value }) => value ?? 0),
    {
      name: "Global-Default",
      type: "boolean",
      description: "Whether pods without a class get this one.",
      cell: ({ globalDefault }) => globalDefault ?? false,
    },
    ageColumn,
    textColumn(
      "PreemptionPolicy",
      "Whether its pods may evict others.",
      ({ preemptionPolicy }) => preemptionPolicy ?? "",
    ),
  ],
  example: { value: 1000, description: "for tests" },
});

function validatePriorityClass(priorityClass: PriorityClass): FieldError[] {
  const { value = 0, preemptionPolicy = "", metadata } = priorityClass;
  const errors: FieldError[] = [];
  const name = metadata.name ?? "";
  if (name.startsWith(SYSTEM_PREFIX)) {
    const wrong = systemClassProblem(priorityClass);
    const why = `priority class names with '${SYSTEM_PREFIX}' prefix are reserved for system use only. error: ${wrong}`;
    if (wrong !== undefined) errors.push(forbiddenField("metadata.name", why));
  } else if (value > USER_PRIORITY_MAX) {
    errors.push(forbiddenField("value", `maximum allowed value of a user defined priority is ${USER_PRIORITY_MAX}`));
  }
  if (preemptionPolicy === "") errors.push(required("preemptionPolicy"));
  else if (!POLICIES.includes(preemptionPolicy))
    errors.push(notSupportedInOrder("preemptionPolicy", preemptionPolicy, POLICIES));
  return errors;
}

/** What tells it from the class that the system has by that name (`IsKnownSystemPriorityClass`). */
function systemClassProblem({ metadata: { name }, value, globalDefault }: PriorityClass): string | undefined {
  const known = SYSTEM_VALUES.get(name);
  if (known === undefined) return `${name} is not a known system priority class`;
  if (known !== value) return `value of ${name} PriorityClass must be ${known}`;
  return globalDefault === true ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}
