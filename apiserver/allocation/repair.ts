/**
 * Brings the keys of addresses and ports in line with the stored Services (upstream: `ipallocator/controller/
 * repairip.go`, `portallocator/controller/repair.go`).
 *
 * F1  A key without a Service is freed only when it is older than any write can be on its way, and only at the
 *     revision that was seen.
 * F2  Keys are read before Services: a Service that was committed in between is seen.
 */
import type { Service } from "../../shared/api/generated/core/v1.ts";
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import { parseStored } from "../storage/codec.ts";
import type { Storage, StoredValue } from "../storage/storage.ts";
import { decodeRecord, isManaged, isSameOwner, type Owner } from "./allocation-record.ts";
import type { ServiceSpaces } from "./allocate-service.ts";
import { takenAddresses, takenNodePorts } from "./service-spec.ts";
import type { SlotTable } from "./slot-table.ts";

export interface RepairOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly spaces: ServiceSpaces;
}

const SERVICES_PREFIX = "/registry/services/specs/";
/** Twice the longest request. */
const LEAK_AGE_MS = 120_000;

interface Wanted {
  readonly slot: number;
  readonly owner: Owner;
}

function wantedSlots(
  table: SlotTable,
  services: readonly Service[],
  namesOf: (service: Service) => readonly string[],
): Wanted[] {
  return services.flatMap((service) => {
    const owner = { namespace: service.metadata.namespace ?? "", name: service.metadata.name };
    return namesOf(service).flatMap((name) => {
      const slot = table.space.slotOf(name);
      return slot === undefined ? [] : [{ slot, owner }];
    });
  });
}

/** Records what a Service has and no key says, and hands keys over whose owner does not have it. */
async function record(
  { storage, clock, logger }: RepairOptions,
  table: SlotTable,
  wanted: readonly Wanted[],
  present: ReadonlyMap<string, StoredValue>,
): Promise<void> {
  const seen = new Map<number, Owner>();
  for (const { slot, owner } of wanted) {
    const key = table.keyOf(slot);
    const first = seen.get(slot);
    if (first !== undefined) {
      logger.error({ key, owner, first }, "two services have the same address or port");
      continue;
    }
    seen.set(slot, owner);
    const item = present.get(key);
    if (item !== undefined && isSameOwner(decodeRecord(item.value).owner, owner)) continue;
    const value = table.encode(slot, { owner, createdAtMs: clock.nowMs() });
    if (item === undefined) await storage.create(key, value);
    else await storage.update(key, value, item.modRevision);
    logger.warn({ key, owner }, "recorded a missing allocation");
  }
}

async function freeLeaks(
  { storage, clock, logger }: RepairOptions,
  table: SlotTable,
  wanted: readonly Wanted[],
  present: readonly StoredValue[],
): Promise<void> {
  const keys = new Set(wanted.map(({ slot }) => table.keyOf(slot)));
  for (const item of present) {
    const isOurs = table.space.slotOf(item.key.slice(table.space.keyPrefix.length)) !== undefined;
    if (!isOurs || keys.has(item.key) || !isManaged(item.value, table.space.recordKind)) continue;
    if (clock.nowMs() - decodeRecord(item.value).createdAtMs < LEAK_AGE_MS) continue;
    await storage.delete(item.key, item.modRevision);
    logger.warn({ key: item.key }, "freed a leaked allocation");
  }
}

/** One round over all spaces. Rejects when the store does not answer. */
export async function repairAllocations(options: RepairOptions): Promise<void> {
  const { storage, spaces } = options;
  const tables = [
    ...spaces.addresses.map(({ table }) => ({ table, namesOf: takenAddresses })),
    { table: spaces.nodePorts, namesOf: (service: Service) => takenNodePorts(service).map(String) },
  ];
  const present = await Promise.all(
    tables.map(async ({ table }) => (await storage.range(table.space.keyPrefix)).items),
  );
  const stored = await storage.range(SERVICES_PREFIX);
  const services = stored.items.map((item) => parseStored(item.value) as Service);
  for (const [index, { table, namesOf }] of tables.entries()) {
    const items = present[index] ?? [];
    const wanted = wantedSlots(table, services, namesOf);
    await record(options, table, wanted, new Map(items.map((item) => [item.key, item])));
    await freeLeaks(options, table, wanted, items);
  }
}
