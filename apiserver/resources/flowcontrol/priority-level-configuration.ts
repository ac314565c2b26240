import type {
  LimitedPriorityLevelConfiguration,
  LimitResponse,
  PriorityLevelConfiguration,
  PriorityLevelConfigurationSpec,
  QueuingConfiguration,
} from "../../../shared/api/generated/flowcontrol/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { priorityLevelConfigurations } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { forbiddenField, invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { conditionErrors } from "./flow-conditions.ts";
import { mandatoryPriorityLevels } from "./mandatory.ts";

const EXEMPT = "exempt";
const SHARES = 30;
const QUEUING = { queues: 64, handSize: 8, queueLengthLimit: 50 };
const QUEUES_MAX = 10_000_000;
/** Bits of the hash that deals the hands. */
const HASH_BITS_MAX = 60;
const TYPES = ["Exempt", "Limited"];
const RESPONSES = ["Queue", "Reject"];

export const priorityLevelConfigurationStrategy = serve<PriorityLevelConfiguration>({
  resource: priorityLevelConfigurations,
  storagePrefix: "prioritylevelconfigurations",
  hasGeneration: true,
  defaults: ({ spec: { exempt, limited } }) => {
    for (const level of [exempt, limited]) if (level !== undefined) level.lendablePercent ??= 0;
    if (exempt !== undefined) exempt.nominalConcurrencyShares ??= 0;
    if (limited !== undefined) limited.nominalConcurrencyShares ??= SHARES;
    const queuing = limited?.limitResponse?.queuing;
    if (queuing === undefined) return;
    queuing.queues ||= QUEUING.queues;
    queuing.handSize ||= QUEUING.handSize;
    queuing.queueLengthLimit ||= QUEUING.queueLengthLimit;
  },
  prepareForCreate: (level) => {
    level.status = {};
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
  columns: [
    nameColumn,
    textColumn("Type", "Whether it is limited.", ({ spec }) => spec.type),
    ...(
      [
        [
          "NominalConcurrencyShares",
          "Its part of the concurrency.",
          ({ limited }) => limited?.nominalConcurrencyShares,
        ],
        ["Queues", "How many queues it has.", ({ limited }) => limited?.limitResponse?.queuing?.queues],
        ["HandSize", "Of how many queues a flow gets one.", ({ limited }) => limited?.limitResponse?.queuing?.handSize],
        [
          "QueueLengthLimit",
          "How many may wait in a queue.",
          ({ limited }) => limited?.limitResponse?.queuing?.queueLengthLimit,
        ],
      ] satisfies [string, string, (spec: PriorityLevelConfigurationSpec) => number | undefined][]
    ).map(([name, description, count]) => ({
      name,
      type: "string" as const,
      description,
      cell: ({ spec }: PriorityLevelConfiguration): string | number => count(spec) ?? "<none>",
    })),
    ageColumn,
  ],
  example: {
    spec: {
      type: "Limited",
      limited: { nominalConcurrencyShares: 10, limitResponse: { type: "Queue", queuing: { queues: 16, handSize: 4 } } },
    },
  },
});

function specErrors(name: string, { type, exempt, limited }: PriorityLevelConfigurationSpec): FieldError[] {
  const errors: FieldError[] = [];
  if ((name === EXEMPT) !== (type === "Exempt"))
    errors.push(invalidValue("spec.type", type, "type must be 'Exempt' if and only if name is 'exempt'"));
  if (type === "Exempt") {
    if (limited !== undefined) errors.push(forbiddenField("spec.limited", "must be nil if the type is not Limited"));
    if (exempt !== undefined) errors.push(...shareErrors(exempt, "spec.exempt"));
  } else if (type === "Limited") {
    if (exempt !== undefined) errors.push(forbiddenField("spec.exempt", "must be nil if the type is Limited"));
    if (limited === undefined) errors.push(required("spec.limited", "must not be empty when type is Limited"));
    else errors.push(...limitedErrors(limited));
  } else errors.push(notSupported("spec.type", type, TYPES));
  return errors;
}

interface Shares {
  readonly nominalConcurrencyShares?: number | undefined;
  readonly lendablePercent?: number | undefined;
}

function shareErrors(
  { nominalConcurrencyShares: shares = 0, lendablePercent: percent = 0 }: Shares,
  field: string,
): FieldError[] {
  return [
    ...(shares < 0
      ? [invalidValue(`${field}.nominalConcurrencyShares`, shares, "must be a non-negative integer")]
      : []),
    ...(percent < 0 || percent > 100
      ? [invalidValue(`${field}.lendablePercent`, percent, "must be between 0 and 100, inclusive")]
      : []),
  ];
}

function limitedErrors(limited: LimitedPriorityLevelConfiguration): FieldError[] {
  const { borrowingLimitPercent: borrowing, limitResponse } = limited;
  return [
    ...shareErrors(limited, "spec.limited"),
    ...(borrowing !== undefined && borrowing < 0
      ? [invalidValue("spec.limited.borrowingLimitPercent", borrowing, "if specified, must be a non-negative integer")]
      : []),
    ...responseErrors(limitResponse ?? { type: "" }),
  ];
}

function responseErrors({ type, queuing }: LimitResponse): FieldError[] {
  const field = "spec.limited.limitResponse";
  if (type === "Reject") {
    return queuing === undefined
      ? []
      : [forbiddenField(`${field}.queuing`, "must be nil if limited.limitResponse.type is not Limited")];
  }
  if (type !== "Queue") return [notSupported(`${field}.type`, type, RESPONSES)];
  return queuing === undefined
    ? [required(`${field}.queuing`, "must not be empty if limited.limitResponse.type is Limited")]
    : queuingErrors(queuing, `${field}.queuing`);
}

function queuingErrors(queuing: QueuingConfiguration, field: string): FieldError[] {
  const { queueLengthLimit = 0, queues = 0, handSize = 0 } = queuing;
  const errors: FieldError[] = [];
  if (queueLengthLimit <= 0)
    errors.push(invalidValue(`${field}.queueLengthLimit`, queueLengthLimit, "must be positive"));
  if (queues <= 0) errors.push(invalidValue(`${field}.queues`, queues, "must be positive"));
  else if (queues > QUEUES_MAX)
    errors.push(invalidValue(`${field}.queues`, queues, `must not be greater than ${QUEUES_MAX}`));
  const wrong = (detail: string): void => void errors.push(invalidValue(`${field}.handSize`, handSize, detail));
  if (handSize <= 0) wrong("must be positive");
  else if (handSize > queues) wrong(`should not be greater than queues (${queues})`);
  else if (entropyBits(queues, handSize) > HASH_BITS_MAX)
    wrong(
      `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${HASH_BITS_MAX}`,
    );
  return errors;
}

/** Bits that deal one of all the hands of that size: each card is one of those left. */
function entropyBits(deckSize: number, handSize: number): number {
  return Math.ceil(Math.log2(deckSize) * handSize);
}

function mandatoryErrors(name: string, spec: PriorityLevelConfigurationSpec): FieldError[] {
  const fixed = mandatoryPriorityLevels.find((level) => level.metadata.name === name);
  if (fixed === undefined) return [];
  // How much the exempt level lends is for administrators to say.
  const isExempt = name === EXEMPT;
  const shown = isExempt ? { ...spec, exempt: undefined } : spec;
  const wanted = isExempt ? { ...fixed.spec, exempt: undefined } : fixed.spec;
  if (deepEqual(shown, wanted)) return [];
  const detail = isExempt
    ? `spec of '${name}' except the 'spec.exempt' field must equal the fixed value`
    : `spec of '${name}' must equal the fixed value`;
  return [invalidValue("spec", spec, detail)];
}
