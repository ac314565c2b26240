/**
 * The Node object of this machine: registers it, keeps its status and learns its pod range from it.
 * Upstream: `kubelet_node_status.go`.
 *
 * N1. The status is written when it changes, and every five minutes otherwise: the lease says that we live.
 * N2. A node that was deleted is registered again.
 */
import type { Node, NodeStatus } from "../../shared/api/generated/core/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { isAlreadyExists, isNotFound } from "../../shared/errors/status-error.ts";
import { deepEqual } from "../../shared/machinery/deep-equal.ts";
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import { nodes } from "../../shared/resources/catalog.ts";
import type { RegisteredTaint } from "../options.ts";
import { conditionEvents, type NodeEvent, rebootEvent } from "./node-events.ts";

const RETRY_MS = 200;
const RETRY_MAX_MS = 7000;

export interface NodeAgentOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nodeName: string;
  /** Labels and taints of a node that is not registered yet; labels are kept on a registered one. */
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly RegisteredTaint[];
  /** False: somebody else makes the Node object. */
  readonly isRegistering: boolean;
  readonly checkMs: number;
  readonly reportMs: number;
  readonly bootId: string;
  /** `previous` is what was written last, `shown` what the API has. */
  status(previous: NodeStatus | undefined, shown: NodeStatus | undefined): Promise<NodeStatus>;
  /** Something that `kubectl describe node` shows. */
  tell(event: NodeEvent): void;
  /** The node as the API shows it. */
  onNode(node: Node): void;
}

export class NodeAgent {
  readonly #options: NodeAgentOptions;
  #written: NodeStatus | undefined;
  #writtenAtMs = 0;
  #wake: (() => void) | undefined;
  #node: Node | undefined;
  #hasToldReboot = false;

  constructor(options: NodeAgentOptions) {
    this.#options = options;
  }

  get node(): Node | undefined {
    return this.#node;
  }

  /** The watch showed the node; undefined when it was deleted. */
  observe(node: Node | undefined): void {
    const isGone = node === undefined && this.#node !== undefined;
    const before = this.#node;
    this.#node = node;
    // Somebody added a resource: pods may have it from now on.
    if (before !== undefined && !deepEqual(before.status?.capacity, node?.status?.capacity)) this.check();
    if (node !== undefined) this.#options.onNode(node);
    if (isGone) {
      this.#written = undefined;
      this.check();
    }
  }

  /** Something that the status says may have changed. */
  check(): void {
    this.#wake?.();
  }

  /** Runs until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    let retryMs = RETRY_MS;
    while (!signal.aborted) {
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      try {
        await this.#sync(signal);
        retryMs = RETRY_MS;
        await clock.sleep(this.#options.checkMs, AbortSignal.any([signal, woken.signal]));
      } catch (err) {
        if (signal.aborted) return;
        logger.warn({ err }, "could not write the node's status, will try again");
        await clock.sleep(retryMs, signal);
        retryMs = Math.min(RETRY_MAX_MS, retryMs * 2);
      }
    }
  }

  async #sync(signal: AbortSignal): Promise<void> {
    const { clock, client, nodeName } = this.#options;
    const status = await this.#options.status(this.#written ?? this.#node?.status, this.#node?.status);
    if (this.#written === undefined) return this.#register(status);
    const isDue = clock.nowMs() - this.#writtenAtMs >= this.#options.reportMs;
    if (!isDue && deepEqual(withoutHeartbeat(status), withoutHeartbeat(this.#written))) return;
    try {
      await client.patch(
        nodes,
        { name: nodeName },
        "strategic",
        { status: patchOf(this.#written, status) },
        { subresource: "status", signal },
      );
    } catch (error) {
      if (isNotFound(error)) this.#written = undefined;
      throw error;
    }
    this.#remember(status, this.#written);
  }

  #remember(status: NodeStatus, previous: NodeStatus | undefined): void {
    const { nodeName, bootId, tell } = this.#options;
    for (const event of conditionEvents(nodeName, previous, status)) tell(event);
    const reboot = this.#hasToldReboot ? undefined : rebootEvent(nodeName, previous?.nodeInfo?.bootID, bootId);
    if (reboot !== undefined) tell(reboot);
    this.#hasToldReboot = true;
    this.#written = status;
    this.#writtenAtMs = this.#options.clock.nowMs();
  }

  async #register(status: NodeStatus): Promise<void> {
    const { client, nodeName, labels, taints, logger, isRegistering } = this.#options;
    if (!isRegistering) return this.#adopt();
    const annotations = { "volumes.kubernetes.io/controller-managed-attach-detach": "true" };
    const spec = taints.length === 0 ? {} : { taints: [...taints] };
    const draft = {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: nodeName, labels: { ...labels }, annotations },
      spec,
      status,
    };
    try {
      await client.create(nodes, draft);
      logger.info({ node: nodeName }, "registered the node");
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const patch = { metadata: { labels, annotations } };
      return this.#takeOver(await client.patch(nodes, { name: nodeName }, "strategic", patch));
    }
    this.#remember(status, undefined);
  }

  /** Writes the first status of a node that was there before this kubelet. */
  async #takeOver(known: Node): Promise<void> {
    const { client, nodeName } = this.#options;
    const kept = await this.#options.status(known.status, known.status);
    await client.patch(
      nodes,
      { name: nodeName },
      "strategic",
      { status: patchOf(known.status ?? {}, kept) },
      { subresource: "status" },
    );
    this.#remember(kept, known.status);
  }

  async #adopt(): Promise<void> {
    const { client, nodeName } = this.#options;
    return this.#takeOver(await client.get(nodes, { name: nodeName }));
  }
}

/** Lists that a strategic merge joins by key must be replaced, or an address that went would stay. */
function patchOf(known: NodeStatus, wanted: NodeStatus): Record<string, unknown> {
  const { addresses, ...rest } = wanted;
  const isSame = deepEqual(known.addresses, addresses);
  return { ...rest, ...(isSame ? {} : { addresses: [{ $patch: "replace" }, ...(addresses ?? [])] }) };
}

function withoutHeartbeat(status: NodeStatus): unknown {
  const conditions = (status.conditions ?? []).map(({ lastHeartbeatTime: _ignored, ...condition }) => condition);
  return JSON.parse(JSON.stringify({ ...status, conditions }));
}
