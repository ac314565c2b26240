/** Gives a Service what its spec asks for (upstream: `pkg/registry/core/service/storage/alloc.go`). */
import type { Service } from "../../shared/api/generated/core/v1.ts";
import { invalid, StatusError } from "../../shared/errors/status-error.ts";
import { services } from "../../shared/resources/catalog.ts";
import type { AllocationAttempt } from "./allocation-attempt.ts";
import { fillIpFamilies } from "./ip-families.ts";
import { normalizeService } from "./normalize-service.ts";
import {
  isHeadless,
  needsClusterIp,
  needsHealthCheckPort,
  needsNodePorts,
  portsOf,
  takenAddresses,
  takenNodePorts,
  wantsNodePorts,
} from "./service-spec.ts";
import type { AddressSpace } from "./slot-space.ts";
import type { SlotTable } from "./slot-table.ts";

export interface AddressTable {
  readonly space: AddressSpace;
  readonly table: SlotTable;
}

/** Spaces of the cluster: one or two address ranges, the preferred family first. */
export interface ServiceSpaces {
  readonly addresses: readonly AddressTable[];
  readonly nodePorts: SlotTable;
}

function invalidField(service: Service, field: string, value: unknown, why: string): StatusError {
  const detail = `Invalid value: ${JSON.stringify(value)}: ${why}`;
  return invalid(services, service.metadata.name, [{ reason: "FieldValueInvalid", field, detail }]);
}

function isFull(what: string): StatusError {
  return new StatusError("InternalError", `Internal error occurred: failed to allocate a ${what}: range is full`);
}

async function claimAddress(
  service: Service,
  { space, table }: AddressTable,
  address: string,
  attempt: AllocationAttempt,
): Promise<string> {
  if (address === "") {
    const slot = await attempt.claimNext(table);
    if (slot === undefined) throw isFull("serviceIP");
    return space.nameOf(slot);
  }
  const fail = (why: string): StatusError =>
    invalidField(service, "spec.clusterIPs", service.spec.clusterIPs, `failed to allocate IP ${address}: ${why}`);
  const slot = space.slotOf(address);
  if (slot === undefined) {
    throw fail(`the provided IP (${address}) is not in the valid range. The range of valid IPs is ${space.text}`);
  }
  if (!(await attempt.claim(table, slot))) throw fail("provided IP is already allocated");
  return address;
}

/** Takes an address for each family that has none in `kept`. */
async function claimAddresses(
  service: Service,
  spaces: ServiceSpaces,
  kept: readonly string[],
  attempt: AllocationAttempt,
): Promise<void> {
  const { spec } = service;
  const wanted = spec.clusterIPs ?? [];
  const addresses: string[] = [];
  for (const [index, family] of (spec.ipFamilies ?? []).entries()) {
    const address = wanted[index] ?? "";
    const table = spaces.addresses.find(({ space }) => space.family === family);
    if (address !== "" && kept.includes(address)) addresses.push(address);
    else if (table !== undefined) addresses.push(await claimAddress(service, table, address, attempt));
  }
  spec.clusterIPs = addresses;
  spec.clusterIP = addresses[0];
}

function releaseAddress(spaces: ServiceSpaces, address: string, attempt: AllocationAttempt): void {
  for (const { space, table } of spaces.addresses) {
    const slot = space.slotOf(address);
    if (slot !== undefined) attempt.releaseWhenCommitted(table, slot);
  }
}

async function updateAddresses(
  next: Service,
  previous: Service | undefined,
  spaces: ServiceSpaces,
  attempt: AllocationAttempt,
): Promise<void> {
  const before = previous === undefined ? [] : takenAddresses(previous);
  // The first address cannot change while the type keeps one: validation refuses that, so nothing is taken for it.
  const isFirstChanged = before[0] !== undefined && needsClusterIp(next) && next.spec.clusterIPs?.[0] !== before[0];
  if (isFirstChanged || (previous !== undefined && needsClusterIp(previous) && isHeadless(previous))) return;
  if (needsClusterIp(next) && !isHeadless(next)) await claimAddresses(next, spaces, before, attempt);
  const after = takenAddresses(next);
  for (const address of before) if (!after.includes(address)) releaseAddress(spaces, address, attempt);
}

async function claimNodePort(
  service: Service,
  field: string,
  port: number,
  table: SlotTable,
  attempt: AllocationAttempt,
): Promise<void> {
  const slot = table.space.slotOf(String(port));
  if (slot === undefined) {
    const why = `provided port is not in the valid range. The range of valid ports is ${table.space.text}`;
    throw invalidField(service, field, port, why);
  }
  if (!(await attempt.claim(table, slot)))
    throw invalidField(service, field, port, "provided port is already allocated");
}

async function claimAnyNodePort(table: SlotTable, attempt: AllocationAttempt, what: string): Promise<number> {
  const slot = await attempt.claimNext(table);
  if (slot === undefined) throw isFull(what);
  return Number(table.space.nameOf(slot));
}

/** Ports of the same number (TCP and UDP) share a node port. `held` are those that the Service has already. */
async function claimNodePorts(
  service: Service,
  held: Set<number>,
  table: SlotTable,
  attempt: AllocationAttempt,
): Promise<void> {
  const ports = portsOf(service);
  for (const [index, port] of ports.entries()) {
    const requested = port.nodePort ?? 0;
    if (requested === 0 || held.has(requested)) continue;
    await claimNodePort(service, `spec.ports[${index}].nodePort`, requested, table, attempt);
    held.add(requested);
  }
  if (!wantsNodePorts(service)) return;
  for (const port of ports) {
    if ((port.nodePort ?? 0) !== 0) continue;
    const protocol = port.protocol ?? "TCP";
    const shared = ports.find((other) => other.port === port.port && (other.nodePort ?? 0) !== 0)?.nodePort;
    const users = ports.filter((other) => other.nodePort === shared);
    const isShareable = users.every((other) => (other.protocol ?? "TCP") !== protocol);
    port.nodePort = shared !== undefined && isShareable ? shared : await claimAnyNodePort(table, attempt, "nodePort");
    held.add(port.nodePort);
  }
}

async function claimHealthCheckPort(
  service: Service,
  held: Set<number>,
  table: SlotTable,
  attempt: AllocationAttempt,
): Promise<void> {
  const requested = service.spec.healthCheckNodePort ?? 0;
  if (requested === 0) {
    service.spec.healthCheckNodePort = await claimAnyNodePort(table, attempt, "HealthCheck NodePort 0");
  } else if (!held.has(requested)) {
    await claimNodePort(service, "spec.healthCheckNodePort", requested, table, attempt);
  }
}

async function updateNodePorts(
  next: Service,
  previous: Service | undefined,
  spaces: ServiceSpaces,
  attempt: AllocationAttempt,
): Promise<void> {
  const { nodePorts: table } = spaces;
  const before = previous === undefined ? [] : takenNodePorts(previous);
  const held = new Set(before);
  if (needsNodePorts(next)) await claimNodePorts(next, held, table, attempt);
  if (needsHealthCheckPort(next)) await claimHealthCheckPort(next, held, table, attempt);
  const after = takenNodePorts(next);
  for (const port of before) {
    const slot = table.space.slotOf(String(port));
    if (slot !== undefined && !after.includes(port)) attempt.releaseWhenCommitted(table, slot);
  }
}

/**
 * Fills in addresses and ports of `next` in place. Rejects with `StatusError` when it cannot; the caller aborts the
 * attempt then.
 */
export async function allocateService(
  next: Service,
  previous: Service | undefined,
  spaces: ServiceSpaces,
  attempt: AllocationAttempt,
): Promise<void> {
  normalizeService(next, previous);
  const families = spaces.addresses.map(({ space }) => space.family);
  const errors = fillIpFamilies(next, previous, families);
  if (errors.length > 0) throw invalid(services, next.metadata.name, errors);
  await updateAddresses(next, previous, spaces, attempt);
  await updateNodePorts(next, previous, spaces, attempt);
}

/** Everything that a Service which is no more had taken. */
export function releaseService(service: Service, spaces: ServiceSpaces, attempt: AllocationAttempt): void {
  for (const address of takenAddresses(service)) releaseAddress(spaces, address, attempt);
  for (const port of takenNodePorts(service)) {
    const slot = spaces.nodePorts.space.slotOf(String(port));
    if (slot !== undefined) attempt.releaseWhenCommitted(spaces.nodePorts, slot);
  }
}
