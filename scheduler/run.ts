/** kube-scheduler as a component (D2): watches pods and nodes, and while it leads gives every pod its node. */
import type { ApiClient } from "../shared/client/api-client.ts";
import { createEventRecorder } from "../shared/events/event-recorder.ts";
import { createInformer } from "../shared/informer/informer.ts";
import { type Leadership, runLeaderElection } from "../shared/leader-election/leader-election.ts";
import type { Clock } from "../shared/process/clock.ts";
import type { Logger } from "../shared/process/logger.ts";
import { createMetrics } from "../shared/process/metrics.ts";
import type { RunningComponent } from "../shared/process/run-component.ts";
import { type SideServer, startSideServer } from "../shared/process/side-server.ts";
import { nodes, pods } from "../shared/resources/catalog.ts";
import { Scheduler, schedulerNameOf } from "./cycle/scheduler.ts";
import { watchCluster } from "./cycle/watch-cluster.ts";
import type { Profile } from "./framework/plugin.ts";
import { watchVolumes } from "./cycle/watch-volumes.ts";
import { profileWith } from "./profile.ts";
import { type QueueName, SchedulingQueue } from "./queue/scheduling-queue.ts";
import { createSchedulerMetrics, type SchedulerSizes } from "./scheduler-metrics.ts";
import { ClusterSnapshot } from "./snapshot/cluster-snapshot.ts";
import { createVolumeInformers, type VolumeInformers, VolumeSnapshot } from "./snapshot/volume-snapshot.ts";
import { waitingPods } from "./why.ts";

export interface RunSchedulerOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Unique for this process. */
  readonly identity: string;
  /** Without it this process schedules at once, alone. */
  readonly leaderElect: boolean;
  /** Pods with one of these in `spec.schedulerName` are ours. */
  readonly schedulerNames: readonly string[];
  /** Health, metrics and `/debug/why`; not served when left out. */
  readonly serving?:
    | { readonly host: string; readonly port: number; readonly tls?: { cert: string; key: string } }
    | undefined;
}

const LEASE = { namespace: "kube-system", name: "kube-scheduler" };
/** Pods that have ended take nothing of a node. */
const LIVING_PODS = "status.phase!=Succeeded,status.phase!=Failed";
const QUEUES: readonly QueueName[] = ["active", "backoff", "unschedulable", "gated"];

function sizesOf(queue: SchedulingQueue, snapshot: ClusterSnapshot): SchedulerSizes {
  return {
    queues: Object.fromEntries(QUEUES.map((name) => [name, queue.sizeOf(name)])),
    cache: { nodes: snapshot.nodeCount, pods: snapshot.podCount, assumed_pods: snapshot.assumedCount },
  };
}

const listOf = ({ claims, volumes, classes, nodes: csi, drivers, capacities }: VolumeInformers) =>
  [claims, volumes, classes, csi, drivers, capacities] as const;

/** Starts the scheduler; resolves once it serves. `done` rejects when the lead was lost. */
export async function run(options: RunSchedulerOptions): Promise<RunningComponent> {
  const { client, clock, logger } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const registry = createMetrics("kube-scheduler");
  const events = createEventRecorder({
    client,
    component: options.schedulerNames[0] ?? "default-scheduler",
    clock,
    logger,
    signal,
  });
  const snapshot = new ClusterSnapshot();
  const metrics = createSchedulerMetrics(registry, () => sizesOf(queue, snapshot));
  const queue = new SchedulingQueue(clock, {
    onIncoming: (name, event) => metrics.incoming.inc({ queue: name, event }),
  });
  const volumeInformers = createVolumeInformers({ client, clock, logger });
  const volumes = new VolumeSnapshot(volumeInformers, snapshot);
  const profile = profileWith(volumes);
  const profiles = new Map<string, Profile>(options.schedulerNames.map((name) => [name, profile]));
  const scheduler = new Scheduler({ client, clock, logger, events, queue, snapshot, metrics, profiles, volumes });
  const podInformer = createInformer({ client, clock, logger, resource: pods, fieldSelector: LIVING_PODS });
  const nodeInformer = createInformer({ client, clock, logger, resource: nodes });
  watchCluster(podInformer, nodeInformer, {
    queue,
    snapshot,
    isOurs: (pod) => profiles.has(schedulerNameOf(pod)),
    onLeave: (pod) => scheduler.forgetDiagnosis(pod),
  });
  watchVolumes(volumeInformers, queue, volumes);
  const informers = [podInformer, nodeInformer, ...listOf(volumeInformers)];
  const checkSynced = (): void => {
    if (!informers.every((informer) => informer.hasSynced())) throw new Error("informers have not synced");
  };
  let server: SideServer | undefined;
  if (options.serving !== undefined) {
    server = await startSideServer({
      ...options.serving,
      registry,
      checks: [{ name: "sched-handler-sync", check: checkSynced }],
      extend: (app) => app.get("/debug/why", (_request, response) => void response.json(waitingPods(queue, scheduler))),
    });
  }
  const lead = async (until: AbortSignal): Promise<void> => {
    metrics.leading.set({ name: LEASE.name }, 1);
    await Promise.all(informers.map((informer) => informer.waitForSync(until)));
    await scheduler.run(until);
    metrics.leading.set({ name: LEASE.name }, 0);
  };
  const work = async (): Promise<void> => {
    const running = [...informers.map((informer) => informer.run(signal)), queue.runFlush(signal)];
    const leading = options.leaderElect
      ? runLeaderElection({
          client,
          clock,
          logger,
          lease: LEASE,
          identity: options.identity,
          signal,
          onLeading: (leadership: Leadership) => lead(leadership.signal),
        })
      : lead(signal);
    await Promise.all([leading, ...running]);
  };
  const done = work().catch((err: unknown) => {
    if (!signal.aborted) throw err;
  });
  return {
    done,
    stop: async () => {
      stopping.abort();
      await server?.close();
      await done;
    },
  };
}
