import type {
  CounterSet,
  ResourcePool,
  ResourceSlice,
  ResourceSliceSpec,
} from "../../../shared/api/generated/resource/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { resourceSlices } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { invalidFor, invalidValue, required } from "../../validation/field-errors.ts";
import { dnsSubdomainProblems } from "../../validation/names.ts";
import { immutable } from "../../validation/object-meta.ts";
import { addNodeSelectorErrors } from "../pod-spec/affinity.ts";
import { driverNameErrors } from "../storage/driver-name.ts";
import { mapErrors, setErrors } from "./bounded.ts";
import { deviceErrors, stampTaints } from "./device.ts";
import { labelErrors, poolNameErrors, requiredLabelErrors } from "./device-names.ts";

const DEVICES_MAX = 128;
/** Devices that are tainted or share counters cost more to look at. */
const COSTLY_DEVICES_MAX = 64;
const COUNTER_SETS_MAX = 8;
const COUNTERS_MAX = 32;

export const resourceSliceStrategy = serve<ResourceSlice>({
  resource: resourceSlices,
  storagePrefix: "resourceslices",
  hasGeneration: true,
  prepareForCreate: (slice, { now }) => stampTaints(slice.spec.devices, now),
  prepareForUpdate: (next, _previous, { now }) => stampTaints(next.spec.devices, now),
  validate: ({ spec }, previous) => specErrors(spec, previous?.spec),
  validateUpdate: ({ spec: next }, { spec: previous }) => [
    ...immutable(next.pool.name, previous.pool.name, "spec.pool.name"),
    ...immutable(next.driver, previous.driver, "spec.driver"),
    ...immutable(next.nodeName, previous.nodeName, "spec.nodeName"),
  ],
  selectableFields: {
    "spec.nodeName": ({ spec }) => spec.nodeName ?? "",
    "spec.driver": ({ spec }) => spec.driver,
  },
  columns: [
    nameColumn,
    textColumn("Node", "Where the devices are.", ({ spec }) => spec.nodeName ?? ""),
    textColumn("Driver", "Whose devices they are.", ({ spec }) => spec.driver),
    textColumn("Pool", "Pool that they belong to.", ({ spec }) => spec.pool.name),
    ageColumn,
  ],
  example: {
    spec: {
      driver: "gpu.example.com",
      nodeName: "node-1",
      pool: { name: "node-1", generation: 1, resourceSliceCount: 1 },
      devices: [{ name: "gpu-0", attributes: { model: { string: "large" } }, capacity: { memory: { value: "16Gi" } } }],
    },
  },
});

function specErrors(spec: ResourceSliceSpec, previous: ResourceSliceSpec | undefined): FieldError[] {
  const { driver, pool, devices = [], sharedCounters = [] } = spec;
  const isCostly = devices.some(
    ({ taints = [], consumesCounters = [] }) => taints.length + consumesCounters.length > 0,
  );
  const known = new Map((previous?.devices ?? []).map((device) => [device.name, device]));
  return [
    ...driverNameErrors(driver, "spec.driver"),
    ...poolErrors(pool),
    ...placeErrors(spec),
    ...(spec.sharedCounters !== undefined && spec.devices !== undefined
      ? [invalidValue("spec", "", "only one of `sharedCounters` or `devices` is allowed")]
      : []),
    ...setErrors(
      devices,
      isCostly ? COSTLY_DEVICES_MAX : DEVICES_MAX,
      "spec.devices",
      (device, at) => deviceErrors(device, known.get(device.name), spec.perDeviceNodeSelection === true, at),
      ({ name }) => name,
    ),
    ...setErrors(sharedCounters, COUNTER_SETS_MAX, "spec.sharedCounters", counterSetErrors, ({ name }) => name),
  ];
}

function poolErrors({ name, resourceSliceCount: count, generation }: ResourcePool): FieldError[] {
  return [
    ...poolNameErrors(name, "spec.pool.name"),
    ...(count > 0 ? [] : [invalidValue("spec.pool.resourceSliceCount", count, "must be greater than zero")]),
    ...(generation < 0
      ? [invalidValue("spec.pool.generation", generation, "must be greater than or equal to zero")]
      : []),
  ];
}

/** Where the devices can be reached from: said in one way. */
function placeErrors(spec: ResourceSliceSpec): FieldError[] {
  const { nodeName, nodeSelector } = spec;
  const errors: FieldError[] = [];
  const given: string[] = [];
  if (nodeName === "") {
    errors.push(invalidValue("spec.nodeName", nodeName, "must be either unset or set to a non-empty string"));
  } else if (nodeName !== undefined) {
    given.push("`nodeName`");
    errors.push(...invalidFor("spec.nodeName", nodeName, dnsSubdomainProblems(nodeName)));
  }
  if (nodeSelector !== undefined) {
    given.push("`nodeSelector`");
    addNodeSelectorErrors(nodeSelector, "spec.nodeSelector", errors);
    const terms = nodeSelector.nodeSelectorTerms;
    if (terms.length !== 1)
      errors.push(
        invalidValue("spec.nodeSelector.nodeSelectorTerms", terms, "must have exactly one node selector term"),
      );
  }
  for (const flag of ["allNodes", "perDeviceNodeSelection"] as const) {
    if (spec[flag] === true) given.push(`\`${flag}\``);
    else if (spec[flag] === false)
      errors.push(invalidValue(`spec.${flag}`, false, "must be either unset or set to true"));
  }
  const rule = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
  if (given.length === 0) errors.push(required("spec", rule));
  if (given.length > 1)
    errors.push(invalidValue("spec", `{${given.join(", ")}}`, `${rule}, but multiple fields are set`));
  return errors;
}

function counterSetErrors({ name, counters }: CounterSet, field: string): FieldError[] {
  return [
    ...requiredLabelErrors(name, `${field}.name`),
    ...(Object.keys(counters).length === 0
      ? [required(`${field}.counters`)]
      : mapErrors(counters, COUNTERS_MAX, `${field}.counters`, (key, _counter, at) => labelErrors(key, at))),
  ];
}
