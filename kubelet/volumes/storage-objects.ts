/** Storage objects of the API that volumes need: read when they are needed. All reads reject when nothing is there. */
import type { Node, PersistentVolume, PersistentVolumeClaim } from "../../shared/api/generated/core/v1.ts";
import type { CSIDriver, VolumeAttachment } from "../../shared/api/generated/storage/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { isNotFound } from "../../shared/errors/status-error.ts";
import {
  csiDrivers,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  volumeAttachments,
} from "../../shared/resources/catalog.ts";

/** What a claim shows while its volume grows. */
const EXPANSION_CONDITIONS = ["Resizing", "FileSystemResizePending", "ControllerResizeError", "NodeResizeError"];

export interface StorageObjects {
  claim(namespace: string, name: string): Promise<PersistentVolumeClaim>;
  volume(name: string): Promise<PersistentVolume>;
  attachment(name: string): Promise<VolumeAttachment>;
  /** Undefined when nobody described the driver. */
  driver(name: string): Promise<CSIDriver | undefined>;
  /** This node. */
  node(): Promise<Node>;
  /** The file system of the claim's volume has its new size. */
  finishExpansion(claim: PersistentVolumeClaim, capacity: string): Promise<void>;
}

export function storageObjects(client: ApiClient, nodeName: string): StorageObjects {
  return {
    claim: (namespace, name) => client.get(persistentVolumeClaims, { namespace, name }),
    volume: (name) => client.get(persistentVolumes, { name }),
    attachment: (name) => client.get(volumeAttachments, { name }),
    driver: async (name) => {
      try {
        return await client.get(csiDrivers, { name });
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    node: () => client.get(nodes, { name: nodeName }),
    finishExpansion: async ({ metadata, status }, capacity) => {
      const conditions = (status?.conditions ?? []).filter(({ type }) => !EXPANSION_CONDITIONS.includes(type));
      const patch = { status: { capacity: { storage: capacity }, conditions, allocatedResourceStatuses: null } };
      const at = { namespace: metadata.namespace, name: metadata.name };
      await client.patch(persistentVolumeClaims, at, "merge", patch, { subresource: "status" });
    },
  };
}
