/** The Engine's containers as sandboxes and containers of pods: pure. */
import { CONTAINER_NAME_LABEL, POD_NAME_LABEL, POD_NAMESPACE_LABEL, POD_UID_LABEL } from "../labels.ts";
import type { ContainerState, RuntimeContainer, RuntimeSandbox } from "../runtime.ts";
import { ATTEMPT_LABEL, SANDBOX_ID_LABEL, TYPE_LABEL, unpackLabels } from "./docker-labels.ts";
import type { WireContainer, WireContainerState, WireListedContainer } from "./engine-wire.ts";

export const isSandbox = ({ Labels }: WireListedContainer): boolean => Labels?.[TYPE_LABEL] === "podsandbox";

/** Docker's zero time is the year 1. */
export function timeMs(text: string): number {
  const ms = Date.parse(text);
  return Number.isNaN(ms) || ms < 0 ? 0 : ms;
}

const STATES: Readonly<Record<string, ContainerState>> = {
  created: "created",
  running: "running",
  paused: "running",
  restarting: "running",
  removing: "exited",
  exited: "exited",
  dead: "exited",
};

/** What a start that never came to a process ends with, as with other runtimes. */
const START_ERROR_EXIT_CODE = 128;
const OOM_EXIT_CODE = 137;

interface Outcome {
  readonly state: ContainerState;
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
}

/** Pure; `Created` with an error is a start that failed. */
export function outcomeOf(state: WireContainerState): Outcome {
  const known = STATES[state.Status] ?? "unknown";
  if (known === "created" && (state.Error !== "" || state.ExitCode !== 0)) {
    return { state: "exited", exitCode: START_ERROR_EXIT_CODE, reason: "StartError", message: state.Error };
  }
  if (known !== "exited") return { state: known, exitCode: 0, reason: "", message: "" };
  if (state.Error !== "" && timeMs(state.StartedAt) === 0) {
    return { state: known, exitCode: START_ERROR_EXIT_CODE, reason: "StartError", message: state.Error };
  }
  const exitCode = state.OOMKilled && state.ExitCode === 0 ? OOM_EXIT_CODE : state.ExitCode;
  const reason = state.OOMKilled ? "OOMKilled" : exitCode === 0 ? "Completed" : "Error";
  return { state: known, exitCode, reason, message: state.Error };
}

const MS_PER_SECOND = 1000;

/** A sandbox whose network was never finished, because the kubelet was killed meanwhile, is not ready. */
export function sandboxFrom(listed: WireListedContainer, ips: readonly string[]): RuntimeSandbox {
  const packed = listed.Labels ?? {};
  const isReady = listed.State === "running" && (listed.HostConfig.NetworkMode === "host" || ips.length > 0);
  return {
    id: listed.Id,
    podUid: packed[POD_UID_LABEL] ?? "",
    podName: packed[POD_NAME_LABEL] ?? "",
    podNamespace: packed[POD_NAMESPACE_LABEL] ?? "",
    attempt: Number(packed[ATTEMPT_LABEL] ?? 0),
    state: isReady ? "ready" : "notReady",
    createdAtMs: listed.Created * MS_PER_SECOND,
    labels: unpackLabels(packed).labels,
    ips: isReady ? ips : [],
  };
}

export interface ImageNames {
  /** As a pod would name it. */
  readonly image: string;
  readonly imageRef: string;
}

/** `inspected` adds what the list leaves out; without it the times and how it ended are unknown. */
export function containerFrom(
  listed: WireListedContainer,
  names: ImageNames,
  logPath: string,
  inspected?: WireContainer,
): RuntimeContainer {
  const packed = listed.Labels ?? {};
  const outcome =
    inspected === undefined
      ? { state: STATES[listed.State] ?? "unknown", exitCode: 0, reason: "", message: "" }
      : outcomeOf(inspected.State);
  const createdAtMs = inspected === undefined ? listed.Created * MS_PER_SECOND : timeMs(inspected.Created);
  const isStartError = outcome.reason === "StartError";
  return {
    id: listed.Id,
    sandboxId: packed[SANDBOX_ID_LABEL] ?? "",
    name: packed[CONTAINER_NAME_LABEL] ?? "",
    attempt: Number(packed[ATTEMPT_LABEL] ?? 0),
    ...outcome,
    createdAtMs,
    startedAtMs: isStartError ? createdAtMs : timeMs(inspected?.State.StartedAt ?? ""),
    finishedAtMs: isStartError ? createdAtMs : timeMs(inspected?.State.FinishedAt ?? ""),
    ...names,
    ...unpackLabels(packed),
    logPath,
  };
}

/** Newest first. */
export const newestFirst = (
  a: { attempt: number; createdAtMs: number },
  b: { attempt: number; createdAtMs: number },
): number => b.createdAtMs - a.createdAtMs || b.attempt - a.attempt;
