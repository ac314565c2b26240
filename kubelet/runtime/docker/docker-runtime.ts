/**
 * `ContainerRuntime` over the Docker Engine's API (20.10 and later). A sandbox is a pause container that holds the
 * namespaces, with a network of the kubelet's own CNI plugins; a container joins them. Upstream: dockershim, cri-dockerd.
 *
 * Refused with an error at the call: images as volumes, recursive read-only mounts, groups by policy `Strict`. Huge
 * pages are limited for the pod as a whole, by its control group.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../../shared/process/clock.ts";
import { POD_UID_LABEL } from "../labels.ts";
import type { ContainerRuntime, ObservedPod, RuntimeCondition, RuntimeContainer, RuntimeSandbox } from "../runtime.ts";
import { PodNetworks } from "./cni/pod-networks.ts";
import { containerCalls } from "./container-calls.ts";
import { DiskUsage } from "./disk-usage.ts";
import type { DockerContext } from "./docker-context.ts";
import { readDockerEvents } from "./docker-events.ts";
import { OUR_CONTAINERS } from "./docker-labels.ts";
import { openEngine } from "./engine-client.ts";
import type { WireInfo, WireListedContainer, WireStats } from "./engine-wire.ts";
import { imageCalls } from "./image-calls.ts";
import { ImageDirectory } from "./image-directory.ts";
import type { LogLimits } from "./log-options.ts";
import { engineLogPath } from "./log-link.ts";
import { inspectContainer } from "./make-container.ts";
import { containerFrom, isSandbox, newestFirst, sandboxFrom } from "./observe.ts";
import { sandboxCalls } from "./sandbox-calls.ts";
import { streamingCalls } from "./streaming/streaming-calls.ts";
import { StreamingServer } from "./streaming/streaming-server.ts";
import { usageFrom } from "./usage.ts";

export interface DockerRuntimeOptions {
  readonly endpoint: string;
  readonly sandboxImage: string;
  /** Folder with the network configuration. */
  readonly cniConfDir: string;
  /** Below it the runtime remembers the networks of its sandboxes. */
  readonly rootDir: string;
  readonly logs: LogLimits;
}

const STATUS_TIMEOUT_MS = 5000;

export function createDockerRuntime(options: DockerRuntimeOptions, clock: Clock): ContainerRuntime {
  const engine = openEngine(options.endpoint, clock);
  const streaming = new StreamingServer(clock);
  const networks = new PodNetworks(options.cniConfDir, join(options.rootDir, "docker-networks"));
  let rootDir: Promise<string> | undefined;
  const context: DockerContext = {
    engine,
    clock,
    networks,
    images: new ImageDirectory(engine),
    diskUsage: new DiskUsage(engine, clock),
    sandboxImage: options.sandboxImage,
    logs: options.logs,
    oomScoreMin: leastOomScore(),
    rootDir: () => {
      rootDir ??= engine.call<WireInfo>("GET", "/info").then(({ DockerRootDir }) => DockerRootDir);
      rootDir.catch(() => {
        rootDir = undefined;
      });
      return rootDir;
    },
  };
  return {
    version: async () => {
      const { Version } = await engine.call<{ Version: string }>("GET", "/version", { timeoutMs: STATUS_TIMEOUT_MS });
      return { name: "docker", version: Version };
    },
    conditions: () => conditions(context),
    hasSupplementalGroupsPolicy: async () => false,
    canMountRecursiveReadOnly: async () => false,
    ...sandboxCalls(context),
    ...containerCalls(context),
    ...streamingCalls(context, streaming),
    ...imageCalls(context),
    observePod: (podUid) => observePod(context, podUid),
    listPods: () => listPods(context),
    usage: () => usage(context),
    events: (signal, onOpen, onEvent) => readDockerEvents(engine, signal, onOpen, onEvent),
    close: () => {
      streaming.close();
      engine.close();
    },
  };
}

const CAP_SYS_RESOURCE = 24n;
const OOM_SCORE_MIN = -1000;

/** Where the privilege is missing, a process may not have a lower score than the one that starts it. */
function leastOomScore(): number {
  const capabilities = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  const mayLower = ((BigInt(`0x${capabilities}`) >> CAP_SYS_RESOURCE) & 1n) === 1n;
  return mayLower ? OOM_SCORE_MIN : Number(readFileSync("/proc/self/oom_score_adj", "utf8"));
}

async function conditions({ engine, networks }: DockerContext): Promise<readonly RuntimeCondition[]> {
  const { CgroupDriver } = await engine.call<WireInfo>("GET", "/info", { timeoutMs: STATUS_TIMEOUT_MS });
  const isCgroupfs = CgroupDriver === "cgroupfs";
  const problem = await networks.problem();
  return [
    {
      type: "RuntimeReady",
      isTrue: isCgroupfs,
      reason: isCgroupfs ? "" : "CgroupDriver",
      message: isCgroupfs
        ? ""
        : `the Docker Engine uses the cgroup driver ${CgroupDriver}; start it with --exec-opt native.cgroupdriver=cgroupfs`,
    },
    {
      type: "NetworkReady",
      isTrue: problem === undefined,
      reason: problem === undefined ? "" : "NetworkPluginNotReady",
      message: problem === undefined ? "" : `Network plugin returns error: ${problem}`,
    },
  ];
}

function listContainers({ engine }: DockerContext, all: boolean, ...labels: string[]): Promise<WireListedContainer[]> {
  const filters = JSON.stringify({ label: [...OUR_CONTAINERS, ...labels] });
  return engine.call("GET", "/containers/json", { query: { all, filters } });
}

const addressesOf = ({ networks }: DockerContext, { Id, State }: WireListedContainer): Promise<readonly string[]> =>
  State === "running" ? networks.addresses(Id) : Promise.resolve([]);

async function observePod(context: DockerContext, podUid: string): Promise<ObservedPod> {
  const listed = await listContainers(context, true, `${POD_UID_LABEL}=${podUid}`);
  const [sandboxes, containers] = await Promise.all([
    Promise.all(listed.filter(isSandbox).map(async (one) => sandboxFrom(one, await addressesOf(context, one)))),
    Promise.all(listed.filter((one) => !isSandbox(one)).map((one) => observeContainer(context, one))),
  ]);
  return {
    sandboxes: sandboxes.toSorted(newestFirst),
    containers: containers.filter((container) => container !== undefined).toSorted(newestFirst),
  };
}

/** Undefined when it went away between the list and this call. */
async function observeContainer(
  context: DockerContext,
  listed: WireListedContainer,
): Promise<RuntimeContainer | undefined> {
  const [inspected, names, rootDir] = await Promise.all([
    inspectContainer(context.engine, listed.Id),
    context.images.namesOf(listed.ImageID),
    context.rootDir(),
  ]);
  const logPath = engineLogPath(rootDir, listed.Id);
  return inspected === undefined ? undefined : containerFrom(listed, names, logPath, inspected);
}

async function listPods(context: DockerContext): Promise<ReadonlyMap<string, ObservedPod>> {
  const before = await context.networks.known();
  const listed = await listContainers(context, true);
  await forgetLostNetworks(context, before, listed);
  const rootDir = await context.rootDir();
  const pods = new Map<string, { sandboxes: RuntimeSandbox[]; containers: RuntimeContainer[] }>();
  for (const one of listed.toSorted((a, b) => b.Created - a.Created)) {
    const uid = one.Labels?.[POD_UID_LABEL] ?? "";
    if (uid === "") continue;
    const pod = pods.get(uid) ?? { sandboxes: [], containers: [] };
    pods.set(uid, pod);
    if (isSandbox(one)) pod.sandboxes.push(sandboxFrom(one, await addressesOf(context, one)));
    else
      pod.containers.push(
        containerFrom(one, await context.images.namesOf(one.ImageID), engineLogPath(rootDir, one.Id)),
      );
  }
  return pods;
}

/** Addresses of sandboxes that somebody removed behind our back (`docker system prune`). */
async function forgetLostNetworks(
  { networks }: DockerContext,
  known: readonly string[],
  listed: readonly WireListedContainer[],
): Promise<void> {
  const present = new Set(listed.map(({ Id }) => Id));
  for (const id of known) if (!present.has(id)) await networks.delete(id).catch(() => undefined);
}

async function usage(context: DockerContext) {
  const containers = (await listContainers(context, false)).filter((one) => !isSandbox(one));
  const { bytesOf } = await context.diskUsage.read();
  const query = { stream: false, "one-shot": true };
  const usages = await Promise.all(
    containers.map(async (one) => {
      const stats = await context.engine
        .call<WireStats>("GET", `/containers/${one.Id}/stats`, { query })
        .catch(() => undefined);
      return stats === undefined ? undefined : usageFrom(one, stats, bytesOf.get(one.Id) ?? 0);
    }),
  );
  return usages.filter((each) => each !== undefined);
}
