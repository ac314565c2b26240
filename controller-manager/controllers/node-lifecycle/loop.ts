/**
 * Watches the heartbeats of nodes: a silent one becomes unknown, its pods not ready, and taints keep new pods away
 * and drive the old ones out (upstream: `pkg/controller/nodelifecycle`). Eviction itself is `taint-eviction`.
 *
 * Invariants:
 * N1 Silence is measured by our own monotonic clock from what we saw, so that wrong clocks and our own downtime
 *    cost nobody his pods.
 * N2 When every node is silent, the fault is likely here: all NoExecute taints are taken away.
 * N3 Nodes get their NoExecute taint one by one, at the rate of their zone.
 */
import type { Lease } from "../../../shared/api/generated/coordination/v1.ts";
import type { Node } from "../../../shared/api/generated/core/v1.ts";
import { findCondition } from "../../../shared/machinery/conditions.ts";
import { leases, nodes, pods } from "../../../shared/resources/catalog.ts";
import { defineLoop, type LoopContext } from "../../runtime/define-loop.ts";
import type { Action } from "../../runtime/plan.ts";
import type { RunnableController } from "../../runtime/services.ts";
import { BY_NODE } from "../../runtime/shared-informers.ts";
import { type Heartbeat, notReadyCondition, observe, unknownConditions } from "./health-plan.ts";
import { type Evictions, healthOf, waitsForEviction, wantedTaints } from "./taints-plan.ts";
import { EvictionBudget, evictionsPerSecond, zoneOf, type ZoneState, zoneState } from "./zones.ts";

type Reads = { readonly nodes: typeof nodes; readonly leases: typeof leases; readonly pods: typeof pods };
type Writes = { readonly nodes: typeof nodes; readonly pods: typeof pods };

export interface NodeLifecycleSettings {
  /** Silence after which a node counts as unknown. */
  readonly gracePeriodMs: number;
  /** The same for a node that never reported. */
  readonly startupGracePeriodMs: number;
  readonly monitorPeriodMs: number;
}

export const NODE_LIFECYCLE_DEFAULTS: NodeLifecycleSettings = {
  gracePeriodMs: 50_000,
  startupGracePeriodMs: 60_000,
  monitorPeriodMs: 5000,
};

const LEASE_NAMESPACE = "kube-node-lease";

export function nodeLifecycle(settings: NodeLifecycleSettings): RunnableController {
  return defineLoop({
    name: "node-controller",
    reads: { nodes, leases, pods },
    writes: { nodes, pods },
    run: (context) => new NodeMonitor(settings, context).run(),
  });
}

class NodeMonitor {
  readonly #settings: NodeLifecycleSettings;
  readonly #context: LoopContext<Reads, Writes>;
  readonly #heartbeats = new Map<string, Heartbeat>();
  readonly #budgets = new Map<string, EvictionBudget>();
  /** Ends the pause between two rounds early, when a node has changed. */
  #endPause: () => void = () => undefined;
  #isAwaited = false;

  constructor(settings: NodeLifecycleSettings, context: LoopContext<Reads, Writes>) {
    this.#settings = settings;
    this.#context = context;
  }

  async run(): Promise<void> {
    const { signal, clock, informers } = this.#context;
    const wake = (): void => {
      this.#isAwaited = true;
      this.#endPause();
    };
    const removeHandlers = informers.nodes.addHandlers({
      onAdd: wake,
      onUpdate: (next, previous) => (isNews(next, previous) ? wake() : undefined),
    });
    while (!signal.aborted) {
      this.#isAwaited = false;
      await this.#round();
      if (this.#isAwaited) continue;
      const pause = new AbortController();
      this.#endPause = () => pause.abort();
      await clock.sleep(this.#settings.monitorPeriodMs, AbortSignal.any([signal, pause.signal]));
    }
    removeHandlers();
  }

  async #round(): Promise<void> {
    const { informers } = this.#context;
    const all = informers.nodes.lister.list();
    for (const uid of this.#heartbeats.keys()) {
      if (!all.some(({ metadata }) => metadata.uid === uid)) this.#heartbeats.delete(uid);
    }
    for (const node of all) await this.#checkHealth(node);
    await this.#putTaints(informers.nodes.lister.list());
  }

  async #checkHealth(node: Node): Promise<void> {
    const { clock, informers } = this.#context;
    const uid = node.metadata.uid ?? "";
    const lease: Lease | undefined = informers.leases.lister.get(LEASE_NAMESPACE, node.metadata.name);
    const heartbeat = observe(this.#heartbeats.get(uid), node, lease, clock.monotonicMs());
    this.#heartbeats.set(uid, heartbeat);
    const hasReported = findCondition(node.status?.conditions, "Ready") !== undefined;
    const graceMs = hasReported ? this.#settings.gracePeriodMs : this.#settings.startupGracePeriodMs;
    const isSilent = clock.monotonicMs() - heartbeat.seenAtMs > graceMs;
    const conditions = isSilent ? unknownConditions(node, clock.nowMs()) : undefined;
    if (conditions !== undefined) {
      const wasReady = healthOf(node) === "Healthy";
      await this.#write([
        {
          verb: "patch",
          resource: "nodes",
          target: node,
          patchType: "strategic",
          subresource: "status",
          patch: { status: { conditions } },
        },
      ]);
      if (wasReady) this.#tell(node, "NodeNotReady", `Node ${node.metadata.name} status is now: NodeNotReady`);
    }
    if (conditions !== undefined || healthOf(node) !== "Healthy") await this.#markPodsNotReady(node);
  }

  async #markPodsNotReady({ metadata }: Node): Promise<void> {
    const { informers, clock, recorder } = this.#context;
    const actions = informers.pods.lister.byIndex(BY_NODE, metadata.name).flatMap((pod): Action<Writes>[] => {
      const condition = notReadyCondition(pod, clock.nowMs());
      if (condition === undefined) return [];
      recorder.event(pod, "Warning", "NodeNotReady", "Node is not ready");
      const patch = { status: { conditions: [condition] } };
      return [{ verb: "patch", resource: "pods", target: pod, patchType: "strategic", subresource: "status", patch }];
    });
    await this.#write(actions);
  }

  async #putTaints(all: readonly Node[]): Promise<void> {
    const { clock } = this.#context;
    const zones = Map.groupBy(all, zoneOf);
    const states = new Map<string, ZoneState>([...zones].map(([zone, members]) => [zone, zoneState(members)]));
    const areStopped = states.size > 0 && [...states.values()].every((state) => state === "FullDisruption");
    for (const [zone, members] of zones) {
      const rate = evictionsPerSecond(states.get(zone) ?? "Normal", members.length);
      const budget = this.#budgets.get(zone) ?? new EvictionBudget(clock.monotonicMs());
      this.#budgets.set(zone, budget);
      for (const node of members) {
        const mayStart = !areStopped && waitsForEviction(node) && budget.take(rate, clock.monotonicMs());
        await this.#putTaintsOn(node, { mayStart, areStopped });
      }
    }
  }

  async #putTaintsOn(node: Node, evictions: Evictions): Promise<void> {
    const taints = wantedTaints(node, evictions, this.#context.clock.nowMs());
    if (taints === undefined) return;
    // The revision is the precondition: a taint that somebody else puts meanwhile is not lost.
    await this.#write([{ verb: "update", resource: "nodes", object: { ...node, spec: { ...node.spec, taints } } }]);
  }

  async #write(actions: readonly Action<Writes>[]): Promise<void> {
    const outcome = await this.#context.execute(actions);
    if (outcome.kind === "failed" && !this.#context.signal.aborted) {
      this.#context.logger.warn({ err: outcome.error }, "a node's health could not be written: will try again");
    }
  }

  #tell(node: Node, reason: string, message: string): void {
    this.#context.recorder.event(node, "Normal", reason, message);
  }
}

/** Something that taints depend on has changed; heartbeats come every few seconds and can wait for the next round. */
function isNews(next: Node, previous: Node): boolean {
  const facts = ({ spec, status }: Node): string =>
    JSON.stringify([
      spec.unschedulable,
      spec.taints,
      status?.conditions?.map((condition) => [condition.type, condition.status]),
    ]);
  return facts(next) !== facts(previous);
}
