/** `ContainerRuntime` over CRI v1 (containerd 1.6 and later, CRI-O). */
import { availableParallelism, constants } from "node:os";
import type { Clock } from "../../../shared/process/clock.ts";
import { POD_UID_LABEL } from "../labels.ts";
import type {
  ContainerRuntime,
  ExecResult,
  ExecStreams,
  ObservedPod,
  RuntimeContainer,
  RuntimeSandbox,
} from "../runtime.ts";
import { isRuntimeNotFound, RuntimeCallError } from "../runtime-error.ts";
import { type CriChannel, openCriChannel } from "./cri-channel.ts";
import { readRuntimeEvents } from "./cri-events.ts";
import { Turns } from "./turns.ts";
import {
  containerFrom,
  containerRequest,
  imageFrom,
  resourcesRequest,
  sandboxFrom,
  sandboxRequest,
  usageFrom,
} from "./cri-messages.ts";

/** A sandbox waits for CNI plugins, a pull for a registry: both may be slow and are not failures. */
const SANDBOX_TIMEOUT_MS = 240_000;
/** Sandboxes that are made at the same time: enough to keep the processors busy. */
const SANDBOXES_AT_ONCE_MAX = 2 * availableParallelism();
const PULL_TIMEOUT_MS = 3_600_000;
/** What a stop may need beyond its own grace. */
const STOP_SLACK_MS = 120_000;

/** Connects lazily: the first call fails when the socket is not there. */
export function createCriRuntime(endpoint: string, clock: Clock): ContainerRuntime {
  const channel = openCriChannel(endpoint, clock);
  return {
    ...statusCalls(channel),
    ...sandboxCalls(channel),
    ...containerCalls(channel),
    ...streamingCalls(channel),
    ...imageCalls(channel),
    observePod: (podUid) => observePod(channel, podUid),
    listPods: () => listPods(channel),
    events: (signal, onOpen, onEvent) => readRuntimeEvents(channel, signal, onOpen, onEvent),
    close: () => channel.close(),
  };
}

function statusCalls(
  channel: CriChannel,
): Pick<
  ContainerRuntime,
  "version" | "conditions" | "hasSupplementalGroupsPolicy" | "canMountRecursiveReadOnly" | "usage"
> {
  return {
    version: async () => {
      const version = await channel.call("Version", { version: "v1" }, { timeoutMs: 5000 });
      return { name: version.runtimeName, version: version.runtimeVersion };
    },
    conditions: async () => {
      const { status } = await channel.call("Status", {}, { timeoutMs: 5000 });
      return (status?.conditions ?? []).map(({ type, status: isTrue, reason, message }) => ({
        type,
        isTrue,
        reason,
        message,
      }));
    },
    hasSupplementalGroupsPolicy: async () =>
      (await channel.call("Status", {}, { timeoutMs: 5000 })).features?.supplementalGroupsPolicy === true,
    canMountRecursiveReadOnly: async () => {
      const { runtimeHandlers } = await channel.call("Status", {}, { timeoutMs: 5000 });
      return runtimeHandlers.find(({ name }) => name === "")?.features?.recursiveReadOnlyMounts === true;
    },
    usage: async () => (await channel.call("ListContainerStats", {}, { timeoutMs: 10_000 })).stats.map(usageFrom),
  };
}

function sandboxCalls(channel: CriChannel): Pick<ContainerRuntime, "createSandbox" | "stopSandbox" | "removeSandbox"> {
  const turns = new Turns(SANDBOXES_AT_ONCE_MAX);
  return {
    createSandbox: async (spec, signal) => {
      const request = { config: sandboxRequest(spec), runtimeHandler: spec.runtimeHandler ?? "" };
      const options = { timeoutMs: SANDBOX_TIMEOUT_MS, signal };
      return (await turns.run(() => channel.call("RunPodSandbox", request, options), signal)).podSandboxId;
    },
    stopSandbox: async (id) => {
      await channel.call("StopPodSandbox", { podSandboxId: id });
    },
    removeSandbox: async (id) => {
      await channel.call("RemovePodSandbox", { podSandboxId: id });
    },
  };
}

type ContainerCalls =
  | "createContainer"
  | "startContainer"
  | "stopContainer"
  | "signalContainer"
  | "removeContainer"
  | "updateContainerResources"
  | "reopenLog"
  | "exec";

function containerCalls(channel: CriChannel): Pick<ContainerRuntime, ContainerCalls> {
  return {
    createContainer: async (sandboxId, spec, sandbox, signal) => {
      const request = {
        podSandboxId: sandboxId,
        config: containerRequest(spec),
        sandboxConfig: sandboxRequest(sandbox),
      };
      return (await channel.call("CreateContainer", request, { signal })).containerId;
    },
    startContainer: async (containerId) => {
      await channel.call("StartContainer", { containerId });
    },
    stopContainer: async (containerId, graceSeconds, signal) => {
      const timeoutMs = graceSeconds * 1000 + STOP_SLACK_MS;
      await ignoreNotFound(
        channel.call("StopContainer", { containerId, timeout: graceSeconds }, { timeoutMs, signal }),
      );
    },
    signalContainer: (containerId, signal) => signalContainer(channel, containerId, signal),
    removeContainer: async (containerId) => {
      await ignoreNotFound(channel.call("RemoveContainer", { containerId }));
    },
    updateContainerResources: async (containerId, resources) => {
      await channel.call("UpdateContainerResources", { containerId, linux: resourcesRequest(resources) });
    },
    reopenLog: async (containerId) => {
      await channel.call("ReopenContainerLog", { containerId });
    },
    exec: (containerId, command, timeoutSeconds) => execSync(channel, containerId, command, timeoutSeconds),
  };
}

/** CRI has no call for it: the runtime tells the process, which is on this machine. */
async function signalContainer(channel: CriChannel, containerId: string, signal: string): Promise<void> {
  const { info } = await channel.call("ContainerStatus", { containerId, verbose: true });
  const told: unknown = JSON.parse(info["info"] ?? "{}");
  const pid = typeof told === "object" && told !== null && "pid" in told ? Number(told.pid) : 0;
  if (!Number.isInteger(pid) || pid <= 1) throw new RuntimeCallError("other", "the runtime does not tell the process");
  try {
    process.kill(pid, signalNumber(signal));
  } catch (error) {
    const isOver = error instanceof Error && "code" in error && error.code === "ESRCH";
    if (!isOver) throw error;
  }
}

const RT_MIN = 34;
const RT_MAX = 64;

/** `SIGTERM`, `SIGRTMIN+3`, `SIGRTMAX-1`; throws for what is none. */
function signalNumber(name: string): number {
  const realTime = /^SIGRT(MIN|MAX)(?:([+-]\d+))?$/.exec(name);
  if (realTime !== null) return (realTime[1] === "MIN" ? RT_MIN : RT_MAX) + Number(realTime[2] ?? 0);
  const known = Object.entries(constants.signals).find(([own]) => own === name);
  if (known === undefined) throw new RuntimeCallError("other", `unknown signal ${name}`);
  return known[1];
}

async function ignoreNotFound(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isRuntimeNotFound(error)) throw error;
  }
}

/** Time beyond the command's own limit in which the runtime must answer. */
const EXEC_SLACK_MS = 10_000;

async function execSync(
  channel: CriChannel,
  containerId: string,
  command: readonly string[],
  timeoutSeconds: number,
): Promise<ExecResult> {
  const request = { containerId, cmd: command, timeout: timeoutSeconds };
  const timeoutMs = timeoutSeconds > 0 ? timeoutSeconds * 1000 + EXEC_SLACK_MS : 3_600_000;
  try {
    const { exitCode, stdout, stderr } = await channel.call("ExecSync", request, { timeoutMs });
    return { exitCode, output: Buffer.concat([stdout, stderr]) };
  } catch (error) {
    // containerd 1.6 answers its own timeout as an unknown error.
    if (error instanceof RuntimeCallError && error.message.includes("timeout")) {
      throw new RuntimeCallError(
        "timeout",
        `command timed out: ${JSON.stringify(command)} timed out after ${timeoutSeconds}s`,
        error,
      );
    }
    throw error;
  }
}

function streamingCalls(channel: CriChannel): Pick<ContainerRuntime, "execUrl" | "attachUrl" | "portForwardUrl"> {
  const flags = (streams: ExecStreams): object => ({
    stdin: streams.hasStdin,
    stdout: streams.hasStdout,
    stderr: streams.hasStderr,
    tty: streams.hasTty,
  });
  return {
    execUrl: async (containerId, command, streams) =>
      (await channel.call("Exec", { containerId, cmd: command, ...flags(streams) })).url,
    attachUrl: async (containerId, streams) => (await channel.call("Attach", { containerId, ...flags(streams) })).url,
    portForwardUrl: async (podSandboxId, port) => (await channel.call("PortForward", { podSandboxId, port })).url,
  };
}

/** containerd before 1.7 does not say which image it makes sandboxes of but in its configuration. */
async function sandboxImageOf(channel: CriChannel): Promise<string> {
  const { info } = await channel.call("Status", { verbose: true }, { timeoutMs: 5000 });
  const config: unknown = JSON.parse(info["config"] ?? "{}");
  const name = typeof config === "object" && config !== null && "sandboxImage" in config ? config.sandboxImage : "";
  return typeof name === "string" ? name : "";
}

type ImageCalls = "listImages" | "imageStatus" | "pullImage" | "removeImage" | "imageFilesystem";

function imageCalls(channel: CriChannel): Pick<ContainerRuntime, ImageCalls> {
  let sandboxImage: string | undefined;
  return {
    listImages: async () => {
      const { images } = await channel.call("ListImages", {});
      const own = (sandboxImage ??= await sandboxImageOf(channel));
      return images.map(imageFrom).map((image) => (image.tags.includes(own) ? { ...image, isPinned: true } : image));
    },
    imageStatus: async (image) => {
      const answer = await channel.call("ImageStatus", { image: { image } });
      return answer.image === null ? undefined : imageFrom(answer.image);
    },
    pullImage: async (image, auth, signal) => {
      const request = { image: { image }, ...(auth === undefined ? {} : { auth }) };
      try {
        return (await channel.call("PullImage", request, { timeoutMs: PULL_TIMEOUT_MS, signal })).imageRef;
      } catch (error) {
        throw withoutUnknown(error);
      }
    },
    removeImage: (image) => ignoreNotFound(channel.call("RemoveImage", { image: { image } })),
    imageFilesystem: async () => {
      const [first] = (await channel.call("ImageFsInfo", {})).imageFilesystems;
      if (first === undefined) return undefined;
      return { mountpoint: first.fsId?.mountpoint ?? "", usedBytes: first.usedBytes?.value ?? 0 };
    },
  };
}

/** A code that says nothing is left out, so that the names which runtimes put first can be told. */
function withoutUnknown(error: unknown): unknown {
  if (!(error instanceof RuntimeCallError) || !error.message.startsWith("rpc error: code = Unknown ")) return error;
  return new RuntimeCallError(error.failure, error.detail, error);
}

const newestFirst = (
  a: { attempt: number; createdAtMs: number },
  b: { attempt: number; createdAtMs: number },
): number => b.createdAtMs - a.createdAtMs || b.attempt - a.attempt;

async function observePod(channel: CriChannel, podUid: string): Promise<ObservedPod> {
  const filter = { labelSelector: { [POD_UID_LABEL]: podUid } };
  const [listed, contained] = await Promise.all([
    channel.call("ListPodSandbox", { filter }),
    channel.call("ListContainers", { filter }),
  ]);
  const [sandboxes, containers] = await Promise.all([
    Promise.all(listed.items.map(({ id }) => sandboxStatus(channel, id))),
    Promise.all(contained.containers.map((wire) => containerStatus(channel, wire))),
  ]);
  return {
    sandboxes: sandboxes.filter((sandbox) => sandbox !== undefined).toSorted(newestFirst),
    containers: containers.filter((container) => container !== undefined).toSorted(newestFirst),
  };
}

/** Undefined when it went away between the list and this call. */
async function sandboxStatus(channel: CriChannel, id: string): Promise<RuntimeSandbox | undefined> {
  try {
    const { status } = await channel.call("PodSandboxStatus", { podSandboxId: id });
    return status === null ? undefined : sandboxFrom(status);
  } catch (error) {
    if (isRuntimeNotFound(error)) return undefined;
    throw error;
  }
}

type ListedContainer = Parameters<typeof containerFrom>[0];

async function containerStatus(channel: CriChannel, wire: ListedContainer): Promise<RuntimeContainer | undefined> {
  try {
    const { status } = await channel.call("ContainerStatus", { containerId: wire.id });
    return status === null ? undefined : containerFrom(wire, status);
  } catch (error) {
    if (isRuntimeNotFound(error)) return undefined;
    throw error;
  }
}

async function listPods(channel: CriChannel): Promise<ReadonlyMap<string, ObservedPod>> {
  const [listed, contained] = await Promise.all([
    channel.call("ListPodSandbox", {}),
    channel.call("ListContainers", {}),
  ]);
  const pods = new Map<string, { sandboxes: RuntimeSandbox[]; containers: RuntimeContainer[] }>();
  const podOf = (uid: string) => {
    const known = pods.get(uid) ?? { sandboxes: [], containers: [] };
    pods.set(uid, known);
    return known;
  };
  for (const wire of listed.items) {
    const sandbox = sandboxFrom(wire);
    podOf(sandbox.podUid).sandboxes.push(sandbox);
  }
  for (const wire of contained.containers) podOf(wire.labels[POD_UID_LABEL] ?? "").containers.push(containerFrom(wire));
  pods.delete("");
  for (const pod of pods.values()) {
    pod.sandboxes.sort(newestFirst);
    pod.containers.sort(newestFirst);
  }
  return pods;
}
