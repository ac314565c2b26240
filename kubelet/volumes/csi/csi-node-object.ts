/**
 * The CSINode of this node, and what CSI adds to the Node: an id per driver and topology labels.
 * Upstream: `pkg/volume/csi/nodeinfomanager`.
 *
 * C1. One write at a time; each starts from what the API shows.
 * C2. What drivers registered with is kept here: an object that somebody deleted or changed is made again.
 */
import type { Node } from "../../../shared/api/generated/core/v1.ts";
import type { CSINode, CSINodeDriver } from "../../../shared/api/generated/storage/v1.ts";
import type { ApiClient } from "../../../shared/client/api-client.ts";
import { isAlreadyExists, isConflict, isNotFound } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import type { Clock } from "../../../shared/process/clock.ts";
import type { Logger } from "../../../shared/process/logger.ts";
import { csiNodes, nodes } from "../../../shared/resources/catalog.ts";

export const NODE_ID_ANNOTATION = "csi.volume.kubernetes.io/nodeid";

const TRIES_MAX = 10;
const RETRY_MS = 200;
const KEEP_MS = 60_000;
/** The largest count that the API takes. */
const COUNT_MAX = 2 ** 31 - 1;

export interface InstalledDriver {
  readonly name: string;
  readonly nodeId: string;
  /** 0: not limited. */
  readonly volumesMax: number;
  readonly topology: Readonly<Record<string, string>>;
}

export interface CsiNodeObjectOptions {
  readonly client: ApiClient;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class CsiNodeObject {
  readonly #options: CsiNodeObjectOptions;
  readonly #drivers = new Map<string, InstalledDriver>();
  #last: Promise<void> = Promise.resolve();

  constructor(options: CsiNodeObjectOptions) {
    this.#options = options;
  }

  /** Resolves when the API has it; rejects when the driver's topology contradicts the node's labels. */
  install(driver: InstalledDriver): Promise<void> {
    return this.#enqueue(async () => {
      await this.#retry(() => this.#labelNode(driver));
      this.#drivers.set(driver.name, driver);
      await this.#retry(() => this.#write());
    });
  }

  uninstall(name: string): void {
    const { logger } = this.#options;
    this.#enqueue(async () => {
      this.#drivers.delete(name);
      await this.#retry(() => this.#write());
      await this.#retry(() => this.#forgetNodeId(name));
    }).catch((err: unknown) => logger.warn({ err, driver: name }, "could not take a CSI driver off the CSINode"));
  }

  /** Runs until `signal` aborts: makes the object, and makes it again (C2). */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    while (!signal.aborted) {
      let restMs = KEEP_MS;
      try {
        await this.#enqueue(async () => {
          await this.#write();
          for (const driver of this.#drivers.values()) await this.#labelNode(driver);
        });
      } catch (err) {
        // The node itself is registered a moment later.
        if (!isNotFound(err) && !signal.aborted) logger.warn({ err }, "could not write the CSINode, will try again");
        restMs = isNotFound(err) ? RETRY_MS : restMs / 10;
      }
      await clock.sleep(restMs, signal);
    }
  }

  #enqueue(task: () => Promise<void>): Promise<void> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #retry(task: () => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await task();
      } catch (error) {
        const isPassing = isConflict(error) || isAlreadyExists(error) || isNotFound(error);
        if (!isPassing || attempt >= TRIES_MAX) throw error;
        await this.#options.clock.sleep(RETRY_MS);
      }
    }
  }

  async #write(): Promise<void> {
    const { client, nodeName } = this.#options;
    const known = await client.get(csiNodes, { name: nodeName }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    const drivers = [...this.#drivers.values()].map(driverEntry);
    if (known === undefined) await client.create(csiNodes, await this.#fresh(drivers));
    else if (!deepEqual(byName(known.spec.drivers), byName(drivers)))
      await client.update(csiNodes, { ...known, spec: { ...known.spec, drivers } });
  }

  async #fresh(drivers: CSINodeDriver[]): Promise<CSINode> {
    const { client, nodeName } = this.#options;
    const { metadata } = await client.get(nodes, { name: nodeName });
    const owner = { apiVersion: "v1", kind: "Node", name: nodeName, uid: metadata.uid ?? "" };
    return {
      apiVersion: "storage.k8s.io/v1",
      kind: "CSINode",
      metadata: { name: nodeName, ownerReferences: [owner] },
      spec: { drivers },
    };
  }

  async #labelNode({ name, nodeId, topology }: InstalledDriver): Promise<void> {
    const { client, nodeName } = this.#options;
    const node = await client.get(nodes, { name: nodeName });
    for (const [key, value] of Object.entries(topology)) {
      const present = node.metadata.labels?.[key];
      if (present !== undefined && present !== value) {
        throw new Error(
          `detected topology value collision: driver reported "${key}":"${value}" but existing label is "${key}":"${present}"`,
        );
      }
    }
    const ids = nodeIds(node);
    const isSame =
      ids[name] === nodeId && Object.keys(topology).every((key) => node.metadata.labels?.[key] === topology[key]);
    if (!isSame) await this.#patchNode({ labels: { ...topology }, ids: { ...ids, [name]: nodeId } });
  }

  async #forgetNodeId(name: string): Promise<void> {
    const { client, nodeName } = this.#options;
    const { [name]: gone, ...ids } = nodeIds(await client.get(nodes, { name: nodeName }));
    if (gone !== undefined) await this.#patchNode({ ids });
  }

  async #patchNode({ labels, ids }: { labels?: Record<string, string>; ids: Record<string, string> }): Promise<void> {
    const { client, nodeName } = this.#options;
    const text = Object.keys(ids).length === 0 ? null : JSON.stringify(ids);
    const metadata = { annotations: { [NODE_ID_ANNOTATION]: text }, ...(labels === undefined ? {} : { labels }) };
    await client.patch(nodes, { name: nodeName }, "merge", { metadata });
  }
}

function nodeIds({ metadata }: Node): Record<string, string> {
  try {
    return JSON.parse(metadata.annotations?.[NODE_ID_ANNOTATION] ?? "{}") as Record<string, string>;
  } catch {
    // Somebody wrote nonsense there: ours replaces it.
    return {};
  }
}

function driverEntry({ name, nodeId, volumesMax, topology }: InstalledDriver): CSINodeDriver {
  const topologyKeys = Object.keys(topology).toSorted();
  return {
    name,
    nodeID: nodeId,
    ...(topologyKeys.length === 0 ? {} : { topologyKeys }),
    ...(volumesMax > 0 ? { allocatable: { count: Math.min(volumesMax, COUNT_MAX) } } : {}),
  };
}

function byName(drivers: readonly CSINodeDriver[]): Record<string, unknown> {
  return Object.fromEntries(drivers.map((driver) => [driver.name, JSON.parse(JSON.stringify(driver))]));
}
