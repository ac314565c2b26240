/**
 * CSI drivers that registered on this node: who they are, how to call them, and the CSINode object that tells the
 * cluster. Upstream: `csi_plugin.go`, `csi_drivers_store.go`.
 *
 * D1. A driver that registers again replaces itself: what was known of it is asked anew.
 * D2. The kubelet tells a driver that it is registered only after the cluster knows.
 */
import { type CsiClient, openCsiClient } from "../../../shared/csi/csi-client.ts";
import type { Clock } from "../../../shared/process/clock.ts";
import type { PluginHandler, PluginRegistration } from "../../plugins/plugin-watcher.ts";
import { VolumesInUse } from "../volumes-in-use.ts";
import type { CsiDriver, CsiNode } from "./csi-node.ts";
import type { CsiNodeObject } from "./csi-node-object.ts";

const INFO_TIMEOUT_MS = 120_000;

export class CsiDrivers implements PluginHandler, CsiNode {
  readonly type = "CSIPlugin";
  readonly nodeName: string;
  readonly inUse = new VolumesInUse();
  onDriver: () => void = () => undefined;
  readonly #clock: Clock;
  readonly #object: CsiNodeObject;
  readonly #drivers = new Map<string, CsiDriver>();

  constructor(nodeName: string, object: CsiNodeObject, clock: Clock) {
    this.nodeName = nodeName;
    this.#object = object;
    this.#clock = clock;
  }

  driver(name: string): CsiDriver {
    const driver = this.#drivers.get(name);
    if (driver === undefined) throw new Error(`driver name ${name} not found in the list of registered CSI drivers`);
    return driver;
  }

  async register({ name, endpoint, versions }: PluginRegistration): Promise<void> {
    if (!versions.some((version) => /^v?1(\.\d+){0,2}$/.test(version)))
      throw new Error("none of the CSI versions reported by this driver are supported");
    const client = openCsiClient(endpoint, this.#clock);
    try {
      const info = await client.call("NodeGetInfo", {}, { timeoutMs: INFO_TIMEOUT_MS });
      await this.#object.install({
        name,
        nodeId: info.nodeId,
        volumesMax: info.maxVolumesPerNode,
        topology: info.accessibleTopology?.segments ?? {},
      });
    } catch (error) {
      client.close();
      throw error;
    }
    this.#drivers.get(name)?.client.close();
    this.#drivers.set(name, { client, capabilities: once(() => nodeCapabilities(client)) });
    this.onDriver();
  }

  deregister(name: string): void {
    this.#drivers.get(name)?.client.close();
    this.#drivers.delete(name);
    this.#object.uninstall(name);
  }

  close(): void {
    for (const { client } of this.#drivers.values()) client.close();
    this.#drivers.clear();
  }
}

async function nodeCapabilities(client: CsiClient): Promise<ReadonlySet<string>> {
  const { capabilities } = await client.call("NodeGetCapabilities", {});
  return new Set(capabilities.map(({ rpc }) => rpc?.type ?? "UNKNOWN"));
}

/** Asks until it was answered once. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask().catch((error: unknown) => {
      answer = undefined;
      throw error;
    });
    return answer;
  };
}
