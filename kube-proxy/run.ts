/** kube-proxy as a component (D2): watches services, endpoint slices and its node, and keeps the kernel's rules. */
import { readFile, writeFile } from "node:fs/promises";
import type { Node } from "../shared/api/generated/core/v1.ts";
import type { EndpointSlice } from "../shared/api/generated/discovery/v1.ts";
import type { ApiClient } from "../shared/client/api-client.ts";
import { createInformer } from "../shared/informer/informer.ts";
import type { Clock } from "../shared/process/clock.ts";
import type { Logger } from "../shared/process/logger.ts";
import { createMetrics } from "../shared/process/metrics.ts";
import type { RunningComponent } from "../shared/process/run-component.ts";
import { startSideServer } from "../shared/process/side-server.ts";
import { endpointSlices, nodes, services } from "../shared/resources/catalog.ts";
import { createConntrack } from "./conntrack/conntrack.ts";
import { startHealthServer } from "./health-server.ts";
import { detectFeatures } from "./iptables/features.ts";
import { createIptables, type Iptables } from "./iptables/iptables.ts";
import { cleanupInput } from "./iptables/restore-input.ts";
import { savedRules } from "./iptables/saved-rules.ts";
import { Proxier } from "./proxier.ts";
import { ProxyHealth } from "./proxy-health.ts";
import { createProxyMetrics, type ProxyMetrics } from "./proxy-metrics.ts";
import { type ChainNames, chainNames } from "./rules/chain-names.ts";
import { serviceKeyOf, ServiceTracker } from "./state/service-tracker.ts";
import { SyncLoop } from "./sync-loop.ts";

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface ProxyOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nodeName: string;
  readonly clusterCidr: string | undefined;
  readonly chainPrefix: string;
  readonly masqueradeAll: boolean;
  /** Bit of the packet mark, 0 to 31. */
  readonly masqueradeBit: number;
  readonly localhostNodePorts: boolean;
  readonly syncPeriodMs: number;
  readonly minSyncPeriodMs: number;
  /** Not served when left out. */
  readonly metricsAddress: HostPort | undefined;
  readonly healthzAddress: HostPort | undefined;
}

/** Services that this proxy leaves to others, by the labels upstream looks at. */
const OURS = "!service.kubernetes.io/headless,!service.kubernetes.io/service-proxy-name";
const TRIGGER_TIME_ANNOTATION = "endpoints.kubernetes.io/last-change-trigger-time";
const TO_BE_DELETED_TAINT = "ToBeDeletedByClusterAutoscaler";
const ROUTE_LOCALNET = "/proc/sys/net/ipv4/conf/all/route_localnet";

/** A UDP or TCP client on this machine can reach node ports on 127.0.0.1 only when the kernel routes that range. */
async function enableRouteLocalnet(logger: Logger): Promise<boolean> {
  try {
    if ((await readFile(ROUTE_LOCALNET, "utf8")).trim() !== "1") await writeFile(ROUTE_LOCALNET, "1");
    return true;
  } catch (err) {
    logger.warn({ err }, "node ports will not answer on 127.0.0.1: cannot set route_localnet");
    return false;
  }
}

/** Removes every chain and rule of ours (`--cleanup`). */
export async function cleanUp(iptables: Iptables, chains: ChainNames): Promise<void> {
  const input = cleanupInput(savedRules(await iptables.save(), chains.isOurs));
  if (input !== "") await iptables.restore(input);
}

/** Remembers since when endpoint changes wait, and measures once they are written. */
function programmingLatency(metrics: ProxyMetrics, clock: Clock) {
  const waiting = new Map<string, number>();
  const startedMs = clock.nowMs();
  return {
    changed(slice: EndpointSlice): void {
      const atMs = Date.parse(slice.metadata.annotations?.[TRIGGER_TIME_ANNOTATION] ?? "");
      const owner = serviceKeyOf(slice);
      // What happened before this process started says nothing about it.
      if (owner === undefined || Number.isNaN(atMs) || atMs < startedMs || waiting.has(owner)) return;
      waiting.set(owner, atMs);
    },
    synced(): void {
      for (const atMs of waiting.values()) metrics.programmingDuration.observe((clock.nowMs() - atMs) / 1000);
      waiting.clear();
    },
  };
}

const isEligible = (node: Node): boolean =>
  node.metadata.deletionTimestamp === undefined &&
  (node.spec?.taints ?? []).every((taint) => taint.key !== TO_BE_DELETED_TAINT);

/** Feeds the tracker from the API and calls `onChange` after every change. */
function watchObjects(
  options: ProxyOptions,
  tracker: ServiceTracker,
  health: ProxyHealth,
  metrics: ProxyMetrics,
  onSlice: (slice: EndpointSlice) => void,
  onChange: () => void,
) {
  const { client, clock, logger, nodeName } = options;
  const serviceInformer = createInformer({ client, clock, logger, resource: services, labelSelector: OURS });
  const sliceInformer = createInformer({ client, clock, logger, resource: endpointSlices, labelSelector: OURS });
  const fieldSelector = `metadata.name=${nodeName}`;
  const nodeInformer = createInformer({ client, clock, logger, resource: nodes, fieldSelector });
  const serviceChanged = (apply: () => void): void => {
    apply();
    metrics.serviceChanges.inc();
    onChange();
  };
  const sliceChanged = (slice: EndpointSlice, apply: () => void): void => {
    apply();
    onSlice(slice);
    metrics.endpointChanges.inc();
    onChange();
  };
  serviceInformer.addHandlers({
    onAdd: (service) => serviceChanged(() => tracker.putService(service)),
    onUpdate: (service) => serviceChanged(() => tracker.putService(service)),
    onDelete: (service) => serviceChanged(() => tracker.removeService(service)),
  });
  sliceInformer.addHandlers({
    onAdd: (slice) => sliceChanged(slice, () => tracker.putSlice(slice)),
    onUpdate: (slice, previous) =>
      sliceChanged(slice, () => {
        if (serviceKeyOf(previous) !== serviceKeyOf(slice)) tracker.removeSlice(previous);
        tracker.putSlice(slice);
      }),
    onDelete: (slice) => sliceChanged(slice, () => tracker.removeSlice(slice)),
  });
  nodeInformer.addHandlers({
    onAdd: (node) => health.setNodeEligible(isEligible(node)),
    onUpdate: (node) => health.setNodeEligible(isEligible(node)),
    onDelete: () => health.setNodeEligible(false),
  });
  return [serviceInformer, sliceInformer, nodeInformer] as const;
}

/** Starts the proxy; resolves once it watches and serves, before the first rules are written. */
export async function run(options: ProxyOptions): Promise<RunningComponent> {
  const { clock, logger } = options;
  const stopping = new AbortController();
  const iptables = createIptables();
  const chains = chainNames(options.chainPrefix);
  const features = await detectFeatures(iptables, chains.endpoint({ name: "probe", protocol: "TCP" }, ""));
  if (!features.hasRecent) logger.warn({}, "the kernel lacks the match 'recent': there is no session affinity");
  const localhostNodePorts = options.localhostNodePorts && (await enableRouteLocalnet(logger));
  const registry = createMetrics("kube-proxy");
  const metrics = createProxyMetrics(registry);
  const tracker = new ServiceTracker(options.nodeName);
  const health = new ProxyHealth(clock, 2 * options.syncPeriodMs);
  const latency = programmingLatency(metrics, clock);
  const { clusterCidr, masqueradeAll, masqueradeBit } = options;
  const rules = {
    chains,
    clusterCidr,
    masqueradeAll,
    masqueradeMark: 2 ** masqueradeBit,
    localhostNodePorts,
    ...features,
  };
  const proxier = new Proxier({ tracker, rules, iptables, conntrack: createConntrack(), metrics, clock, logger });
  const { minSyncPeriodMs, syncPeriodMs } = options;
  const loop = new SyncLoop({
    proxier,
    health,
    clock,
    logger,
    minSyncPeriodMs,
    syncPeriodMs,
    onSynced: latency.synced,
  });
  let isReady = false;
  const onChange = (): void => {
    metrics.lastQueued.set(clock.nowMs() / 1000);
    if (isReady) loop.trigger();
  };
  const informers = watchObjects(options, tracker, health, metrics, latency.changed, onChange);
  const servers = [
    ...(options.healthzAddress === undefined
      ? []
      : [await startHealthServer(health, options.healthzAddress.host, options.healthzAddress.port)]),
    ...(options.metricsAddress === undefined
      ? []
      : [
          await startSideServer({
            ...options.metricsAddress,
            registry,
            extend: (app) =>
              app.get("/proxyMode", (_request, response) => void response.type("text/plain").send("iptables")),
          }),
        ]),
  ];
  const work = async (): Promise<void> => {
    const running = informers.map((informer) => informer.run(stopping.signal));
    // Rules of an earlier run stay as they are until we know everything: no gap.
    await Promise.all(informers.slice(0, 2).map((informer) => informer.waitForSync(stopping.signal)));
    isReady = true;
    loop.trigger();
    await Promise.all([loop.run(stopping.signal), ...running]);
  };
  const done = work().catch((err: unknown) => {
    if (!stopping.signal.aborted) throw err;
  });
  return {
    done,
    stop: async () => {
      stopping.abort();
      await Promise.all(servers.map((server) => server.close()));
      await done;
    },
  };
}
