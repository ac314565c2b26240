/** Starts a kubelet from its options: client, runtime, node agent, server, and the pods' part in `kubelet.ts`. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { NodeStatus, Pod, Secret } from "../shared/api/generated/core/v1.ts";
import type { ApiClient } from "../shared/client/api-client.ts";
import { createApiClient } from "../shared/client/http-client.ts";
import { loadKubeconfig } from "../shared/client/kubeconfig.ts";
import { createEventRecorder } from "../shared/events/event-recorder.ts";
import { createInformer } from "../shared/informer/informer.ts";
import { type Clock, systemClock } from "../shared/process/clock.ts";
import { createLogger, type Logger } from "../shared/process/logger.ts";
import { createMetrics, goArch } from "../shared/process/metrics.ts";
import { createCertificateAuthority, issueCertificate } from "../shared/process/pki.ts";
import type { RunningComponent } from "../shared/process/run-component.ts";
import { startSideServer } from "../shared/process/side-server.ts";
import { GIT_VERSION } from "../shared/process/version.ts";
import { nodes, services } from "../shared/resources/catalog.ts";
import { createPodCgroups } from "./cgroups/pod-cgroups.ts";
import { credentialsFor } from "./containers/registry-credentials.ts";
import { Kubelet } from "./kubelet.ts";
import { registerKubeletMetrics } from "./kubelet-metrics.ts";
import { nodeNetwork } from "./network/node-network.ts";
import { kubeletPaths } from "./node/kubelet-paths.ts";
import {
  availableMemoryBytes,
  defaultAddress,
  nodeCpuSeconds,
  readDisk,
  readMachineInfo,
  readProcessCounts,
} from "./node/machine.ts";
import { NodeAgent } from "./node/node-agent.ts";
import { readNodeFacts } from "./node/node-facts.ts";
import { keepNodeLease } from "./node/node-lease.ts";
import { nodeStatus } from "./node/node-status.ts";
import { RuntimeHealth } from "./node/runtime-health.ts";
import type { KubeletOptions } from "./options.ts";
import { apiPodSource } from "./pods/pod-source.ts";
import { createCriRuntime } from "./runtime/cri/cri-runtime.ts";
import type { ContainerRuntime, RuntimeImage } from "./runtime/runtime.ts";
import { createKubeletAccess } from "./server/kubelet-authentication.ts";
import { startKubeletServer } from "./server/kubelet-server.ts";
import type { StatsInput } from "./server/stats.ts";
import { createStreamingRoutes } from "./server/streaming-routes.ts";
import { StatusManager } from "./status/status-manager.ts";
import { apiObjects } from "./volumes/api-objects.ts";
import { ServiceAccountTokens } from "./volumes/service-account-tokens.ts";

/** Requests the kubelet may send per second (upstream: --kube-api-qps 50). */
const API_QPS = 50;
/** The first answer of a runtime that is just starting. */
const RUNTIME_WAIT_MS = 60_000;

export async function run(options: KubeletOptions): Promise<RunningComponent> {
  const clock = systemClock;
  const logger = createLogger("kubelet", options.logLevel);
  const stopping = new AbortController();
  const { signal } = stopping;
  mkdirSync(options.rootDir, { recursive: true });
  const client = createApiClient(loadKubeconfig(options.kubeconfig), {
    userAgent: `kubelet/${GIT_VERSION}`,
    qps: API_QPS,
  });
  const runtime = createCriRuntime(options.runtimeEndpoint, clock);
  const version = await waitForRuntime(runtime, clock, logger);
  const hostIps = [options.nodeIp === "" ? defaultAddress() : options.nodeIp];
  const machine = readMachineInfo();
  const health = new RuntimeHealth(runtime, clock, () => agent.check());
  const network = nodeNetwork(options, logger);
  const agent = new NodeAgent({
    client,
    clock,
    logger,
    nodeName: options.nodeName,
    labels: nodeLabels(options),
    taints: options.registerWithTaints,
    status: (previous) => currentStatus(previous),
    onNode: (node) => network.configure(node.spec?.podCIDRs ?? []),
  });
  const currentStatus = async (previous: NodeStatus | undefined): Promise<NodeStatus> =>
    nodeStatus({
      machine,
      disk: readDisk(options.rootDir),
      nodeName: options.nodeName,
      addresses: hostIps,
      podsMax: options.podsMax,
      kubeletPort: options.port,
      kubeletVersion: GIT_VERSION,
      runtimeVersion: `${version.name}://${version.version}`,
      images: await imagesOrNone(runtime),
      availableMemoryBytes: availableMemoryBytes(),
      processes: readProcessCounts(),
      problems: health.problems,
      previous: previous?.conditions ?? [],
      nowMs: clock.nowMs(),
    });
  const nodeInformer = createInformer({
    client,
    resource: nodes,
    clock,
    logger,
    fieldSelector: `metadata.name=${options.nodeName}`,
  });
  nodeInformer.addHandlers({
    onAdd: (node) => agent.observe(node),
    onUpdate: (node) => agent.observe(node),
    onDelete: () => agent.observe(undefined),
  });
  const serviceInformer = createInformer({ client, resource: services, clock, logger });
  const recorder = createEventRecorder({ client, component: "kubelet", host: options.nodeName, clock, logger, signal });
  const objects = apiObjects(client);
  const tokens = new ServiceAccountTokens(client, clock);
  const node = readNodeFacts({
    nodeName: options.nodeName,
    hostIps,
    rootDir: options.rootDir,
    podsMax: options.podsMax,
    runtimeName: version.name,
    clusterDns: { servers: options.clusterDns, domain: options.clusterDomain },
    networkProblem: () => health.networkProblem,
  });
  const registry = createMetrics("kubelet");
  const kubelet = new Kubelet({
    runtime,
    clock,
    logger,
    paths: kubeletPaths(options.rootDir),
    node,
    cgroups: createPodCgroups(options.cgroupRoot, logger),
    source: apiPodSource(client, options.nodeName, clock, logger),
    status: new StatusManager(client, clock, logger, signal),
    events: (pod, type, reason, message, field) => recorder.event(withKind(pod), type, reason, message, field),
    sources: {
      ...objects,
      token: (pod, projection) => tokens.token(pod, projection),
      forget: (uid) => tokens.forget(uid),
    },
    services: () => serviceInformer.lister.list(),
    credentials: async (pod, image) => credentialsFor(await pullSecrets(pod, objects.secret), image),
  });
  registerKubeletMetrics(registry, options.nodeName, kubelet.workers);
  const stats = async (): Promise<StatsInput> => ({
    nodeName: options.nodeName,
    nowMs: clock.nowMs(),
    containers: await runtime.usage(),
    memoryBytes: machine.memoryBytes,
    availableMemoryBytes: availableMemoryBytes(),
    nodeCpuSeconds: nodeCpuSeconds(),
    startedAtMs,
    disk: readDisk(options.rootDir),
  });
  const startedAtMs = clock.nowMs();
  const server = await startKubeletServer({
    address: options.address,
    port: options.port,
    tls: await servingTls(options, hostIps),
    access: createKubeletAccess(client, options.nodeName, clock),
    runtime,
    workers: kubelet.workers,
    registry,
    clock,
    logger,
    config: { kind: "KubeletConfiguration", apiVersion: "kubelet.config.k8s.io/v1beta1", ...publicConfig(options) },
    stats,
    streaming: createStreamingRoutes({ runtime, workers: kubelet.workers, clock, logger }),
  });
  const healthz =
    options.healthzPort === 0
      ? undefined
      : await startSideServer({ host: "127.0.0.1", port: options.healthzPort, registry });
  await health.check();
  const work = Promise.all([
    health.run(signal),
    agent.run(signal),
    keepNodeLease(
      { client, clock, logger, nodeName: options.nodeName, nodeUid: () => agent.node?.metadata.uid },
      signal,
    ),
    nodeInformer.run(signal),
    serviceInformer.run(signal),
    serviceInformer.waitForSync(signal).then(
      () => kubelet.run(signal),
      () => undefined,
    ),
  ]);
  logger.info(
    { node: options.nodeName, runtime: `${version.name} ${version.version}`, port: server.port },
    "kubelet runs",
  );
  const done = work.then(() => undefined);
  return { done, stop: () => stop(stopping, done, [server.close(), healthz?.close()], recorder, client, runtime) };
}

async function stop(
  stopping: AbortController,
  done: Promise<void>,
  closing: readonly (Promise<void> | undefined)[],
  recorder: { flush(): Promise<void> },
  client: ApiClient,
  runtime: ContainerRuntime,
): Promise<void> {
  stopping.abort();
  await Promise.allSettled([done, ...closing]);
  await recorder.flush();
  await client.close();
  runtime.close();
}

/** A runtime that starts together with us is not an error. Rejects when it does not come up. */
async function waitForRuntime(
  runtime: ContainerRuntime,
  clock: Clock,
  logger: Logger,
): ReturnType<ContainerRuntime["version"]> {
  const startedAtMs = clock.monotonicMs();
  for (;;) {
    try {
      return await runtime.version();
    } catch (err) {
      if (clock.monotonicMs() - startedAtMs > RUNTIME_WAIT_MS) throw err;
      logger.debug({ err }, "the container runtime does not answer yet");
      await clock.sleep(100);
    }
  }
}

async function imagesOrNone(runtime: ContainerRuntime): Promise<readonly RuntimeImage[]> {
  try {
    return await runtime.listImages();
  } catch {
    // The runtime is down: its condition says so.
    return [];
  }
}

function nodeLabels(options: KubeletOptions): Record<string, string> {
  return {
    "beta.kubernetes.io/arch": goArch(),
    "beta.kubernetes.io/os": "linux",
    "kubernetes.io/arch": goArch(),
    "kubernetes.io/hostname": options.nodeName,
    "kubernetes.io/os": "linux",
    ...options.nodeLabels,
  };
}

/** Objects of lists carry no kind; events must say what they are about. */
function withKind(pod: Pod): Pod {
  return { ...pod, apiVersion: "v1", kind: "Pod" };
}

async function pullSecrets(
  pod: Pod,
  read: (namespace: string, name: string) => Promise<Secret | undefined>,
): Promise<Secret[]> {
  const names = (pod.spec.imagePullSecrets ?? []).map(({ name = "" }) => name);
  const found = await Promise.all(names.map((name) => read(pod.metadata.namespace ?? "", name)));
  return found.filter((secret) => secret !== undefined);
}

async function servingTls(
  options: KubeletOptions,
  hostIps: readonly string[],
): Promise<{ cert: string; key: string; ca?: string }> {
  const ca = options.clientCaFile === "" ? {} : { ca: readFileSync(options.clientCaFile, "utf8") };
  if (options.tlsCertFile !== "") {
    return {
      cert: readFileSync(options.tlsCertFile, "utf8"),
      key: readFileSync(options.tlsPrivateKeyFile, "utf8"),
      ...ca,
    };
  }
  const authority = await createCertificateAuthority(`${options.nodeName}-ca`);
  const leaf = await issueCertificate(authority, {
    commonName: options.nodeName,
    organizations: [],
    dnsNames: [options.nodeName],
    ipAddresses: [...hostIps, "127.0.0.1"],
    usages: ["server"],
  });
  return { cert: leaf.certificate, key: leaf.key, ...ca };
}

/** Without paths of keys. */
function publicConfig(options: KubeletOptions): object {
  return {
    port: options.port,
    healthzPort: options.healthzPort,
    clusterDNS: options.clusterDns,
    clusterDomain: options.clusterDomain,
    maxPods: options.podsMax,
    cgroupDriver: "cgroupfs",
    cgroupRoot: options.cgroupRoot,
    podLogsDir: join(options.rootDir, "pod-logs"),
    containerRuntimeEndpoint: options.runtimeEndpoint,
  };
}
