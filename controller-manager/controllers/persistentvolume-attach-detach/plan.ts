/**
 * What is attached to a node, and what should be.
 *
 * Invariants:
 * D1 A volume that the node reports as in use stays attached, unless the node is out of service, or not ready for
 *    longer than `UNMOUNT_WAIT_MS`.
 * D2 The node's status loses a volume before the attachment does: the kubelet mounts only what stands there.
 * D3 A volume that only one node may have is not attached to a second one while an attachment to another exists.
 */
import type { AttachedVolume, Node, Pod } from "../../../shared/api/generated/core/v1.ts";
import type { VolumeAttachment } from "../../../shared/api/generated/storage/v1.ts";
import { claimKeyOf } from "../../../shared/machinery/claims.ts";
import { findCondition } from "../../../shared/machinery/conditions.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import type {
  csiDrivers,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  volumeAttachments,
} from "../../../shared/resources/catalog.ts";
import type { Action, Plan, PlannedEvent } from "../../runtime/plan.ts";
import type { World } from "../../runtime/resource-map.ts";
import { BY_CLAIM, BY_NODE, BY_VOLUME } from "../../runtime/shared-informers.ts";
import type { DetachMemory } from "./detach-memory.ts";
import { uniqueName, type WantedVolume, wantedOn } from "./wanted.ts";

export type Reads = {
  readonly pods: typeof pods;
  readonly claims: typeof persistentVolumeClaims;
  readonly volumes: typeof persistentVolumes;
  readonly attachments: typeof volumeAttachments;
  readonly drivers: typeof csiDrivers;
};
export type Writes = { readonly nodes: typeof nodes; readonly attachments: typeof volumeAttachments };
export type AttachWorld = World<Node, Reads>;

/** How long a node that is not ready has to unmount (upstream: `maxWaitForUnmountDuration`). */
export const UNMOUNT_WAIT_MS = 6 * 60_000;
const OUT_OF_SERVICE = "node.kubernetes.io/out-of-service";
const SHARED_MODES = ["ReadWriteMany", "ReadOnlyMany"];

export function planAttachments(
  node: Node,
  world: AttachWorld,
  nowMs: number,
  memory: DetachMemory,
): Plan<Node, Writes> {
  const { name } = node.metadata;
  const wanted = wantedOn(name, world.pods.byIndex(BY_NODE, name), world);
  const present = world.attachments.byIndex(BY_NODE, name);
  const detaching = new Set<string>();
  const deletions: Action<Writes>[] = [];
  let requeueAfterMs: number | undefined;
  for (const attachment of present) {
    const id = attachment.metadata.name;
    if (wanted.has(id) || !isOurs(attachment)) {
      memory.forget(id);
      continue;
    }
    const waitMs = detachWaitMs(node, attachment, world, memory.unwantedSinceMs(id, nowMs) - nowMs);
    if (waitMs === undefined) continue;
    if (waitMs > 0) {
      requeueAfterMs = Math.min(requeueAfterMs ?? waitMs, waitMs);
      continue;
    }
    detaching.add(id);
    memory.forget(id);
    if (attachment.metadata.deletionTimestamp === undefined) {
      deletions.push({ verb: "delete", resource: "attachments", target: attachment });
    }
  }
  const attaching = attachWanted(name, wanted, new Set(present.map(({ metadata }) => metadata.name)), world);
  const report = reportAttached(node, present, detaching, wanted, world);
  return {
    actions: [...report.actions, ...deletions, ...attaching.actions],
    events: [...report.events, ...attaching.events],
    requeueAfterMs,
  };
}

/** Nobody mounts on a node that is gone. */
export function planWithoutNode(name: string, world: AttachWorld): Plan<Node, Writes> {
  const left = world.attachments.byIndex(BY_NODE, name).filter(({ metadata }) => !metadata.deletionTimestamp);
  return {
    actions: left.filter(isOurs).map((target) => ({ verb: "delete", resource: "attachments", target })),
  };
}

/** Others may make attachments too, under names of their own. */
const isOurs = ({ metadata }: VolumeAttachment): boolean => /^csi-[0-9a-f]{64}$/.test(metadata.name);

/** D1: 0 to detach now, more to look again, undefined to wait for the node. `unwantedMs` is negative. */
function detachWaitMs(
  node: Node,
  attachment: VolumeAttachment,
  world: AttachWorld,
  unwantedMs: number,
): number | undefined {
  const csi = world.volumes.get(undefined, attachment.spec.source.persistentVolumeName ?? "")?.spec.csi;
  const isInUse = csi !== undefined && (node.status?.volumesInUse ?? []).includes(uniqueName(csi));
  if (!isInUse || (node.spec.taints ?? []).some(({ key }) => key === OUT_OF_SERVICE)) return 0;
  if (findCondition(node.status?.conditions, "Ready")?.status === "True") return undefined;
  return Math.max(0, UNMOUNT_WAIT_MS + unwantedMs);
}

/** D3 */
function attachWanted(
  nodeName: string,
  wanted: ReadonlyMap<string, WantedVolume>,
  present: ReadonlySet<string>,
  world: AttachWorld,
): { actions: Action<Writes>[]; events: PlannedEvent[] } {
  const actions: Action<Writes>[] = [];
  const events: PlannedEvent[] = [];
  for (const { name, volume, csi, pods: users } of wanted.values()) {
    if (present.has(name)) continue;
    const persistentVolumeName = volume.metadata.name;
    const elsewhere = world.attachments
      .byIndex(BY_VOLUME, persistentVolumeName)
      .filter(({ spec }) => spec.nodeName !== nodeName);
    const isShared = (volume.spec.accessModes ?? []).some((mode) => SHARED_MODES.includes(mode));
    if (elsewhere.length > 0 && !isShared) {
      const holders = world.pods
        .byIndex(BY_CLAIM, claimKeyOf(volume))
        .filter(({ spec }) => spec.nodeName !== undefined && spec.nodeName !== nodeName);
      const message = multiAttachMessage(persistentVolumeName, holders);
      events.push(
        ...users.map((about) => ({ about, type: "Warning", reason: "FailedAttachVolume", message }) as const),
      );
      continue;
    }
    const spec = { attacher: csi.driver, nodeName, source: { persistentVolumeName } };
    actions.push({ verb: "create", resource: "attachments", object: { metadata: { name }, spec } });
  }
  return { actions, events };
}

function multiAttachMessage(volumeName: string, holders: readonly Pod[]): string {
  const error = `Multi-Attach error for volume ${JSON.stringify(volumeName)}`;
  if (holders.length === 0) {
    return `${error} Volume is already exclusively attached to one node and can't be attached to another`;
  }
  return `${error} Volume is already used by pod(s) ${holders.map(({ metadata }) => metadata.name).join(", ")}`;
}

/** D2: what the node's status says is attached, with events about what has just come, or fails to. */
function reportAttached(
  node: Node,
  present: readonly VolumeAttachment[],
  detaching: ReadonlySet<string>,
  wanted: ReadonlyMap<string, WantedVolume>,
  world: AttachWorld,
): { actions: Action<Writes>[]; events: PlannedEvent[] } {
  const before = node.status?.volumesAttached ?? [];
  const known = new Set(before.map(({ name }) => name));
  const attached: AttachedVolume[] = [];
  const events: PlannedEvent[] = [];
  for (const { metadata, spec, status } of present) {
    const volumeName = spec.source.persistentVolumeName ?? "";
    const csi = world.volumes.get(undefined, volumeName)?.spec.csi;
    const users = wanted.get(metadata.name)?.pods ?? [];
    const quoted = JSON.stringify(volumeName);
    if (status?.attached !== true) {
      const failed = status?.attachError?.message;
      const message = `AttachVolume.Attach failed for volume ${quoted} : ${failed ?? ""}`;
      if (failed === undefined) continue;
      events.push(
        ...users.map((about) => ({ about, type: "Warning", reason: "FailedAttachVolume", message }) as const),
      );
    } else if (csi !== undefined && !detaching.has(metadata.name) && metadata.deletionTimestamp === undefined) {
      const name = uniqueName(csi);
      attached.push({ name, devicePath: "" });
      if (known.has(name)) continue;
      const message = `AttachVolume.Attach succeeded for volume ${quoted} `;
      events.push(
        ...users.map((about) => ({ about, type: "Normal", reason: "SuccessfulAttachVolume", message }) as const),
      );
    }
  }
  const next = attached.toSorted((left, right) => (left.name < right.name ? -1 : 1));
  if (deepEqual(next, before)) return { actions: [], events };
  const patch = { status: { volumesAttached: next } };
  return {
    actions: [{ verb: "patch", resource: "nodes", target: node, patchType: "merge", subresource: "status", patch }],
    events,
  };
}
