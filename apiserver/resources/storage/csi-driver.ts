import type { CSIDriver, TokenRequest } from "../../../shared/api/generated/storage/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { csiDrivers } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, flagColumn, nameColumn, orNone, textColumn } from "../../tables/columns.ts";
import { duplicate, invalidValue, notSupported, notSupportedInOrder, required } from "../../validation/field-errors.ts";
import { immutable } from "../../validation/object-meta.ts";

const FS_GROUP_POLICIES = ["File", "None", "ReadWriteOnceWithFSType"];
const MODES = ["Persistent", "Ephemeral"];
const UPDATE_PERIOD_SECONDS_MIN = 10;
const EXPIRATION_SECONDS_MIN = 600;
const EXPIRATION_SECONDS_MAX = 2 ** 32;

export const csiDriverStrategy = serve<CSIDriver>({
  resource: csiDrivers,
  storagePrefix: "csidrivers",
  allowUnconditionalUpdate: false,
  defaults: ({ spec }) => {
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    spec.storageCapacity ??= false;
    spec.fsGroupPolicy ??= "ReadWriteOnceWithFSType";
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
    if ((spec.volumeLifecycleModes ?? []).length === 0) spec.volumeLifecycleModes = ["Persistent"];
  },
  // The generation begins with the first change.
  prepareForUpdate: (next, previous) => {
    if (!deepEqual(next.spec, previous.spec)) next.metadata.generation = (previous.metadata.generation ?? 0) + 1;
  },
  validate: driverErrors,
  validateUpdate: (next, previous) => [
    ...immutable(next.spec.attachRequired, previous.spec.attachRequired, "spec.attachedRequired"),
    ...immutable(next.spec.volumeLifecycleModes, previous.spec.volumeLifecycleModes, "spec.volumeLifecycleModes"),
  ],
  columns: [
    nameColumn,
    flagColumn(
      "AttachRequired",
      "Whether volumes are attached before they are mounted.",
      ({ spec }) => spec.attachRequired ?? true,
    ),
    flagColumn("PodInfoOnMount", "Whether it is told about the pod.", ({ spec }) => spec.podInfoOnMount ?? false),
    flagColumn(
      "StorageCapacity",
      "Whether it says how much space there is.",
      ({ spec }) => spec.storageCapacity ?? false,
    ),
    textColumn("TokenRequests", "Audiences of the tokens that it gets.", ({ spec: { tokenRequests } }) =>
      tokenRequests === undefined ? "<unset>" : tokenRequests.map(({ audience }) => audience).join(","),
    ),
    flagColumn(
      "RequiresRepublish",
      "Whether it is called again and again.",
      ({ spec }) => spec.requiresRepublish ?? false,
    ),
    textColumn("Modes", "How its volumes may be used.", ({ spec }) =>
      orNone((spec.volumeLifecycleModes ?? []).join(",")),
    ),
    ageColumn,
  ],
  example: { spec: { attachRequired: false } },
});

function driverErrors({ spec }: CSIDriver): FieldError[] {
  const { fsGroupPolicy, nodeAllocatableUpdatePeriodSeconds: period } = spec;
  const missing = (["podInfoOnMount", "storageCapacity", "seLinuxMount"] as const).filter(
    (field) => spec[field] === undefined,
  );
  return [
    ...(spec.attachRequired === undefined ? [required("spec.attachedRequired")] : []),
    ...missing.map((field) => required(`spec.${field}`)),
    ...(fsGroupPolicy !== undefined && !FS_GROUP_POLICIES.includes(fsGroupPolicy)
      ? [notSupported("spec.fsGroupPolicy", fsGroupPolicy, FS_GROUP_POLICIES)]
      : []),
    ...tokenRequestErrors(spec.tokenRequests ?? []),
    ...(spec.volumeLifecycleModes ?? [])
      .filter((mode) => !MODES.includes(mode))
      .map((mode) => notSupportedInOrder("spec.volumeLifecycleModes", mode, MODES)),
    ...(period !== undefined && period < UPDATE_PERIOD_SECONDS_MIN
      ? [
          invalidValue(
            "spec.nodeAllocatableUpdatePeriodSeconds",
            period,
            `must be greater than or equal to ${UPDATE_PERIOD_SECONDS_MIN} seconds`,
          ),
        ]
      : []),
  ];
}

function tokenRequestErrors(requests: readonly TokenRequest[]): FieldError[] {
  const audiences = requests.map(({ audience }) => audience);
  return requests.flatMap(({ audience, expirationSeconds: seconds }, index) => {
    const at = `spec.tokenRequests[${index}]`;
    if (audiences.indexOf(audience) < index) return [duplicate(`${at}.audience`, audience)];
    const wrong = (detail: string): FieldError[] => [invalidValue(`${at}.expirationSeconds`, seconds, detail)];
    if (seconds === undefined) return [];
    if (seconds < EXPIRATION_SECONDS_MIN) return wrong("may not specify a duration less than 10 minutes");
    return seconds > EXPIRATION_SECONDS_MAX ? wrong("may not specify a duration larger than 2^32 seconds") : [];
  });
}
