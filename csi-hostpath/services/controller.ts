/** The CSI controller service over a store of folders. Every call may come again after it was carried out. */
import { CsiError } from "../../shared/csi/csi-error.ts";
import type { CsiHandlers } from "../../shared/csi/csi-server.ts";
import type { CapacityRange, CsiRequest, Topology, Volume } from "../../shared/csi/csi-wire.ts";
import { deepEqual } from "../../shared/machinery/deep-equal.ts";
import { topologyKeyOf } from "../driver-name.ts";
import type { LoopDevices } from "../volumes/loop-devices.ts";
import type { Mounts } from "../volumes/mounts.ts";
import type { StoredVolume, VolumeStore } from "../volumes/volume-store.ts";
import { checkCapabilities, checkVolumeId, isBlock, whyUnsupported } from "./capability.ts";
import type { KeyLock } from "./key-lock.ts";

export interface ServiceContext {
  readonly driverName: string;
  readonly nodeName: string;
  readonly store: VolumeStore;
  readonly lock: KeyLock;
  readonly loops: LoopDevices;
  readonly mounts: Mounts;
}

/** What a volume has when nobody says how much it needs. */
const DEFAULT_BYTES = 1024 ** 3;

export function controllerService(context: ServiceContext): CsiHandlers {
  const { store, lock, loops, mounts, driverName, nodeName } = context;
  const here: Topology = { segments: { [topologyKeyOf(driverName)]: nodeName } };
  const toWire = ({ id, capacityBytes }: StoredVolume): Volume => ({
    volumeId: id,
    capacityBytes,
    volumeContext: {},
    accessibleTopology: [here],
  });
  return {
    ControllerGetCapabilities: () => ({
      capabilities: ["CREATE_DELETE_VOLUME", "LIST_VOLUMES", "EXPAND_VOLUME", "SINGLE_NODE_MULTI_WRITER"].map(
        (type) => ({ rpc: { type } }),
      ),
    }),
    CreateVolume: (request) =>
      lock.hold(request.name, async () => ({ volume: toWire(await createVolume(request, context, here)) })),
    DeleteVolume: ({ volumeId }) =>
      lock.hold(checkVolumeId(volumeId), async () => {
        // Its pod may have been deleted by force and still run: what it has open is not taken from under its feet.
        const device = loops.find(store.dataPath(volumeId));
        if (mounts.isSourceMounted(device === undefined ? store.dataPath(volumeId) : device.replace("/dev", ""))) {
          throw new CsiError("FAILED_PRECONDITION", `Volume ${volumeId} is still used by '${nodeName}' node`);
        }
        await loops.detach(store.dataPath(volumeId));
        await store.delete(volumeId);
        return {};
      }),
    ValidateVolumeCapabilities: ({ volumeId, volumeCapabilities, volumeContext, parameters }) => {
      requireVolume(store, volumeId);
      if (volumeCapabilities.length === 0) {
        throw new CsiError("INVALID_ARGUMENT", "Volume Capabilities missing in request");
      }
      const why = volumeCapabilities.map(whyUnsupported).find((text) => text !== undefined);
      return why === undefined
        ? { confirmed: { volumeContext, volumeCapabilities, parameters }, message: "" }
        : { confirmed: null, message: why };
    },
    ListVolumes: ({ maxEntries, startingToken }) => {
      const from = startingToken === "" ? 0 : Number(startingToken);
      const all = store.list();
      if (!Number.isInteger(from) || from < 0 || from > all.length) {
        throw new CsiError("ABORTED", `${JSON.stringify(startingToken)} is not a token of this list`);
      }
      const to = maxEntries > 0 ? from + maxEntries : all.length;
      const nextToken = to < all.length ? String(to) : "";
      return { entries: all.slice(from, to).map((volume) => ({ volume: toWire(volume) })), nextToken };
    },
    ControllerExpandVolume: ({ volumeId, capacityRange }) =>
      lock.hold(checkVolumeId(volumeId), async () => {
        const volume = requireVolume(store, volumeId);
        if (capacityRange === null) throw new CsiError("INVALID_ARGUMENT", "Capacity range not provided");
        const capacityBytes = Math.max(volume.capacityBytes, bytesFor(capacityRange));
        await store.resize(volumeId, capacityBytes);
        if (volume.isBlock) await loops.refresh(store.dataPath(volumeId));
        // A folder is as large as its file system, and a device has grown by now.
        return { capacityBytes, nodeExpansionRequired: false };
      }),
  };
}

async function createVolume(
  request: CsiRequest<"CreateVolume">,
  { store }: ServiceContext,
  here: Topology,
): Promise<StoredVolume> {
  const { name, capacityRange, parameters, accessibilityRequirements: topology } = request;
  if (name === "") throw new CsiError("INVALID_ARGUMENT", "Name missing in request");
  checkVolumeId(name);
  checkCapabilities(request.volumeCapabilities);
  if (request.volumeContentSource !== undefined && request.volumeContentSource !== null) {
    throw new CsiError("INVALID_ARGUMENT", "volumes from other volumes or snapshots are not supported");
  }
  const requisite = topology?.requisite ?? [];
  if (requisite.length > 0 && !requisite.some(({ segments }) => deepEqual(segments, here.segments))) {
    throw new CsiError("RESOURCE_EXHAUSTED", "the volume was asked for where this driver does not run");
  }
  const present = store.get(name);
  if (present !== undefined) {
    if (present.isBlock !== isBlock(request.volumeCapabilities[0])) {
      throw new CsiError("ALREADY_EXISTS", `Volume with the same name: ${name} but with different access type`);
    }
    if (isWithin(present.capacityBytes, capacityRange)) return present;
    throw new CsiError("ALREADY_EXISTS", `Volume with the same name: ${name} but with different size already exist`);
  }
  const volume = {
    id: name,
    capacityBytes: bytesFor(capacityRange),
    parameters: { ...parameters },
    isBlock: isBlock(request.volumeCapabilities[0]),
  };
  try {
    await store.create(volume);
  } catch (err) {
    await store.delete(name);
    const { code } = err as NodeJS.ErrnoException;
    if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG") {
      throw new CsiError("RESOURCE_EXHAUSTED", `no space for volume ${name}`, err);
    }
    throw err;
  }
  return volume;
}

function bytesFor(range: CapacityRange | null): number {
  const { requiredBytes = 0, limitBytes = 0 } = range ?? {};
  if (requiredBytes < 0 || limitBytes < 0) throw new CsiError("INVALID_ARGUMENT", "sizes must not be negative");
  if (requiredBytes > Number.MAX_SAFE_INTEGER) {
    throw new CsiError("OUT_OF_RANGE", `${requiredBytes} bytes are more than there can be`);
  }
  if (limitBytes > 0 && requiredBytes > limitBytes) {
    throw new CsiError("OUT_OF_RANGE", `${requiredBytes} bytes are required where ${limitBytes} are the limit`);
  }
  const wanted = requiredBytes === 0 ? DEFAULT_BYTES : requiredBytes;
  return limitBytes > 0 ? Math.min(wanted, limitBytes) : wanted;
}

function isWithin(bytes: number, range: CapacityRange | null): boolean {
  const { requiredBytes = 0, limitBytes = 0 } = range ?? {};
  return bytes >= requiredBytes && (limitBytes === 0 || bytes <= limitBytes);
}

function requireVolume(store: VolumeStore, volumeId: string): StoredVolume {
  const volume = store.get(checkVolumeId(volumeId));
  if (volume === undefined) throw new CsiError("NOT_FOUND", `volume id ${volumeId} does not exist in the volumes list`);
  return volume;
}
