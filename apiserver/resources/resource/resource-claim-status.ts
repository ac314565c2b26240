/** Rules of the status of claims (`validateResourceClaimStatusUpdate`). */
import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceAllocationConfiguration,
  DeviceRequestAllocationResult,
  NetworkDeviceData,
  ResourceClaim,
  ResourceClaimConsumerReference,
} from "../../../shared/api/generated/resource/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { interfaceAddressProblems } from "../../validation/addresses.ts";
import { conditionErrors } from "../../validation/conditions.ts";
import {
  forbiddenField,
  invalidFor,
  invalidValue,
  notSupportedInOrder,
  required,
  tooLong,
  tooMany,
} from "../../validation/field-errors.ts";
import { immutable } from "../../validation/object-meta.ts";
import { addNodeSelectorErrors } from "../pod-spec/affinity.ts";
import { driverNameErrors } from "../storage/driver-name.ts";
import { allocatedDevices, deviceId } from "./allocated-devices.ts";
import { bindingErrors } from "./binding-conditions.ts";
import { listErrors, setErrors } from "./bounded.ts";
import {
  CONFIGS_MAX,
  opaqueErrors,
  rawObjectErrors,
  referenceErrors,
  referenceListErrors,
  requestNames,
} from "./device-claim.ts";
import { labelErrors, poolNameErrors, uidErrors } from "./device-names.ts";

const RESERVATIONS_MAX = 256;
const RESULTS_MAX = 32;
const CONDITIONS_MAX = 8;
const DATA_BYTES_MAX = 10 * 1024;
const IPS_MAX = 16;
const INTERFACE_NAME_MAX = 256;
const HARDWARE_ADDRESS_MAX = 128;
const SOURCES = ["FromClaim", "FromClass"];

export function statusErrors(next: ResourceClaim, previous: ResourceClaim): FieldError[] {
  const { reservedFor = [], devices = [], allocation } = next.status ?? {};
  const ids = allocatedDevices(next);
  const names = requestNames(next.spec.devices);
  return [
    ...setErrors(reservedFor, RESERVATIONS_MAX, "status.reservedFor", consumerErrors, ({ uid }) => uid),
    ...setErrors(
      devices,
      Number.POSITIVE_INFINITY,
      "status.devices",
      (device, at) => deviceErrors(device, ids, at),
      deviceId,
    ),
    ...reservationErrors(next, previous),
    ...(allocation === undefined
      ? []
      : previous.status?.allocation === undefined
        ? allocationErrors(allocation, names, "status.allocation")
        : immutable(allocation, previous.status.allocation, "status.allocation")),
  ];
}

function consumerErrors(consumer: ResourceClaimConsumerReference, field: string): FieldError[] {
  return (["resource", "name", "uid"] as const)
    .filter((name) => consumer[name] === "")
    .map((name) => required(`${field}.${name}`));
}

function reservationErrors(next: ResourceClaim, previous: ResourceClaim): FieldError[] {
  const reserved = next.status?.reservedFor ?? [];
  if (reserved.length === 0) return [];
  const forbid = (why: string): FieldError[] => [forbiddenField("status.reservedFor", why)];
  if (next.status?.allocation === undefined) return forbid("may not be specified when `allocated` is not set");
  const before = new Set((previous.status?.reservedFor ?? []).map((one) => JSON.stringify(one)));
  const isGoing = next.metadata.deletionTimestamp !== undefined;
  return isGoing && reserved.some((one) => !before.has(JSON.stringify(one)))
    ? forbid("new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set")
    : [];
}

function allocationErrors(allocation: AllocationResult, names: ReadonlySet<string>, field: string): FieldError[] {
  const { results = [], config = [] } = allocation.devices ?? {};
  const errors = [
    ...listErrors(results, RESULTS_MAX, `${field}.devices.results`, (one, at) => resultErrors(one, names, at)),
    ...listErrors(config, 2 * CONFIGS_MAX, `${field}.devices.config`, (one, at) => configErrors(one, names, at)),
  ];
  if (allocation.nodeSelector !== undefined)
    addNodeSelectorErrors(allocation.nodeSelector, `${field}.nodeSelector`, errors);
  return errors;
}

function resultErrors(result: DeviceRequestAllocationResult, names: ReadonlySet<string>, field: string): FieldError[] {
  return [
    ...referenceErrors(result.request, names, `${field}.request`),
    ...driverNameErrors(result.driver, `${field}.driver`),
    ...poolNameErrors(result.pool, `${field}.pool`),
    ...labelErrors(result.device, `${field}.device`),
    ...bindingErrors(result, field),
    ...(result.shareID === undefined ? [] : uidErrors(result.shareID, `${field}.shareID`)),
  ];
}

function configErrors(
  { source, requests = [], opaque }: DeviceAllocationConfiguration,
  names: ReadonlySet<string>,
  field: string,
): FieldError[] {
  return [
    ...(source === ""
      ? [required(`${field}.source`)]
      : SOURCES.includes(source)
        ? []
        : [notSupportedInOrder(`${field}.source`, source, SOURCES)]),
    ...referenceListErrors(requests, names, `${field}.requests`),
    ...opaqueErrors(opaque, field),
  ];
}

function deviceErrors(device: AllocatedDeviceStatus, ids: ReadonlySet<string>, field: string): FieldError[] {
  const { conditions = [], data } = device;
  const id = deviceId(device);
  return [
    ...driverNameErrors(device.driver, `${field}.driver`),
    ...poolNameErrors(device.pool, `${field}.pool`),
    ...labelErrors(device.device, `${field}.device`),
    ...(device.shareID === undefined ? [] : uidErrors(device.shareID, `${field}.shareID`)),
    ...(ids.has(id) ? [] : [invalidValue(field, id, "must be an allocated device in the claim")]),
    ...(conditions.length > CONDITIONS_MAX ? [tooMany(`${field}.conditions`, conditions.length, CONDITIONS_MAX)] : []),
    ...conditionErrors(conditions, `${field}.conditions`),
    ...(data === undefined ? [] : rawObjectErrors(data, `${field}.data`, DATA_BYTES_MAX)),
    ...networkErrors(device.networkData, `${field}.networkData`),
  ];
}

function networkErrors(network: NetworkDeviceData | undefined, field: string): FieldError[] {
  const { interfaceName = "", hardwareAddress = "", ips = [] } = network ?? {};
  return [
    ...(interfaceName.length > INTERFACE_NAME_MAX ? [tooLong(`${field}.interfaceName`, INTERFACE_NAME_MAX)] : []),
    ...(hardwareAddress.length > HARDWARE_ADDRESS_MAX
      ? [tooLong(`${field}.hardwareAddress`, HARDWARE_ADDRESS_MAX)]
      : []),
    ...setErrors(
      ips,
      IPS_MAX,
      `${field}.ips`,
      (address, at) => invalidFor(at, address, interfaceAddressProblems(address)),
      (address) => address,
    ),
  ];
}
