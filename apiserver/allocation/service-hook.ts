/** Allocation around the writes of Services, and its repair. */
import { randomUUID } from "node:crypto";
import type { Service } from "../../shared/api/generated/core/v1.ts";
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import type { KubeObject } from "../../shared/resources/resource.ts";
import type { WriteHook } from "../registry/write-hook.ts";
import type { Storage } from "../storage/storage.ts";
import { allocateService, releaseService, type ServiceSpaces } from "./allocate-service.ts";
import { AllocationAttempt } from "./allocation-attempt.ts";
import { repairAllocations } from "./repair.ts";
import { addressSpace, nodePortSpace, type SlotSpace } from "./slot-space.ts";
import { SlotTable } from "./slot-table.ts";

export interface ServiceHookOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `--service-cluster-ip-range`: one CIDR, or one per family with a comma. */
  readonly clusterIpRange: string;
  /** `--service-node-port-range`. */
  readonly nodePortRange: string;
  /** Uid of a new IPAddress object. */
  readonly newUid?: () => string;
}

export interface ServiceHook extends WriteHook {
  /** First address of the range: that of the `kubernetes` Service. */
  readonly apiServiceIp: string;
  /** The ranges in canonical form, that of the default family first. */
  readonly serviceRanges: readonly string[];
  /** Brings the allocations in line with the stored Services, once. */
  repair(): Promise<void>;
  /** Does so at once and every few minutes until `signal` aborts. Never rejects. */
  keepRepaired(signal: AbortSignal): Promise<void>;
}

const REPAIR_INTERVAL_MS = 3 * 60_000;

function createSpaces(options: ServiceHookOptions): ServiceSpaces {
  const { storage, clock, newUid = randomUUID } = options;
  const tableOf = (space: SlotSpace): SlotTable => new SlotTable({ storage, clock, space, newUid });
  const ranges = options.clusterIpRange.split(",").map((range) => addressSpace(range.trim()));
  const [first, second, ...more] = ranges;
  if (more.length > 0 || (second !== undefined && second.family === first?.family)) {
    throw new Error("--service-cluster-ip-range must not contain more than one range of a family");
  }
  return {
    addresses: ranges.map((space) => ({ space, table: tableOf(space) })),
    nodePorts: tableOf(nodePortSpace(options.nodePortRange)),
  };
}

/** Throws when a range is not usable. */
export function createServiceHook(options: ServiceHookOptions): ServiceHook {
  const { storage, clock, logger } = options;
  const spaces = createSpaces(options);
  const [primary] = spaces.addresses;
  const repair = (): Promise<void> => repairAllocations({ storage, clock, logger, spaces });

  return {
    groupResource: "services",
    serviceRanges: spaces.addresses.map(({ space }) => space.text),
    apiServiceIp: primary?.space.nameOf(primary.space.first) ?? "",
    begin: async (next, previous, isDryRun) => {
      const owner = { namespace: next.metadata.namespace ?? "", name: next.metadata.name };
      const attempt = new AllocationAttempt(owner, isDryRun);
      try {
        await allocateService(next as Service, previous as Service | undefined, spaces, attempt);
      } catch (error) {
        await attempt.abort();
        throw error;
      }
      return { committed: () => attempt.commit(), aborted: () => attempt.abort() };
    },
    afterDelete: async (deleted: KubeObject) => {
      const attempt = new AllocationAttempt(
        { namespace: deleted.metadata.namespace ?? "", name: deleted.metadata.name },
        false,
      );
      releaseService(deleted as Service, spaces, attempt);
      await attempt.commit();
    },
    repair,
    keepRepaired: async (signal) => {
      while (!signal.aborted) {
        try {
          await repair();
        } catch (err) {
          logger.warn({ err }, "could not repair the allocations");
        }
        await clock.sleep(REPAIR_INTERVAL_MS, signal);
      }
    },
  };
}
