/**
 * One pod while it is to run: looks, plans, carries out, looks again, until there is nothing to do.
 * Upstream: `kubelet.go` SyncPod and `kuberuntime_manager.go` SyncPod.
 *
 * S1. Everything kept here can be lost: it is found again in the runtime and on disk, but for back-offs.
 * S2. Steps run one after the other; an aborted signal ends the run between two of them, and cancels what waits.
 */
import { mkdir } from "node:fs/promises";
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { ContainerError } from "../containers/container-error.ts";
import { podDns } from "../containers/dns.ts";
import { sandboxSpec } from "../containers/sandbox-spec.ts";
import { readTerminationMessage } from "../containers/termination-message.ts";
import { toldHealth } from "../probes/told-health.ts";
import type { ObservedPod, RuntimeEvent, SandboxSpec } from "../runtime/runtime.ts";
import { isRuntimeCancelled, isRuntimeNotFound, messageOf } from "../runtime/runtime-error.ts";
import type { Rejection } from "../admission/admit-handler.ts";
import type { ConditionDraft } from "../status/pod-conditions.ts";
import { podStatus, rejectedStatus } from "../status/pod-status.ts";
import type { MountedVolumes } from "../volumes/volume-plugin.ts";
import { type BackOff, nextBackOff } from "./back-off.ts";
import { backOffKey } from "./container-hash.ts";
import { fieldPathOf, killContainer } from "./kill-container.ts";
import type { KubeletContext } from "./kubelet-context.ts";
import { type PodPlan, type PodStep, planPod, type Waiting } from "./plan-pod.ts";
import { type DeclaredContainer, allContainersOf, latestOf, podText, readySandbox } from "./pod-containers.ts";
import { applyHolds, growingHold, startHold, type Hold, POD_HOLD } from "./pod-hold.ts";
import { isDelay, PodVolumes } from "./pod-volumes.ts";
import { PodResize } from "./resize/pod-resize.ts";
import { startContainer } from "./start-container.ts";

export interface SyncResult {
  /** Nothing of this pod will run again. */
  readonly isFinished: boolean;
  readonly wakeAtMs?: number | undefined;
}

export interface PodFailure {
  readonly reason: string;
  readonly message: string;
  /** Told at once, while the containers still end: DisruptionTarget. */
  readonly condition?: ConditionDraft | undefined;
}

/** A plan that never comes to rest is a bug: stop turning in circles. */
const ROUNDS_MAX = 200;

const SANDBOX_RETRY = { firstMs: 1000, limitMs: 30_000 };
/** The runtime's own view may lag behind its events for this long. */
const LAG_WAITS_MS = [5, 10, 20, 40, 80, 160, 320, 640];

const DEFAULT_GRACE_SECONDS = 30;

type Executors = {
  readonly [Kind in PodStep["kind"]]: (step: Extract<PodStep, { kind: Kind }>, signal: AbortSignal) => Promise<void>;
};

export class PodSession {
  readonly #context: KubeletContext;
  readonly #resize: PodResize;
  readonly #volumes: PodVolumes;
  #pod: Pod;
  /** With the resources it was given, not those it asks for. */
  #allocated: Pod;
  /** Its own group still has the limits of before. */
  #isGroupStale = false;
  #observed: ObservedPod = { sandboxes: [], containers: [] };
  readonly #backOffs = new Map<string, BackOff>();
  readonly #holds = new Map<string, Hold>();
  readonly #stopped = new Set<string>();
  readonly #toldBackOff = new Set<string>();
  /** Killed in order to be started again, whatever their exit code says. */
  readonly #restarting = new Set<string>();
  #sandboxSpec: SandboxSpec | undefined;
  failure: PodFailure | undefined;
  /** The node does not run it at all. */
  rejection: Rejection | undefined;

  constructor(context: KubeletContext, pod: Pod) {
    this.#context = context;
    this.#resize = new PodResize(context);
    this.#volumes = new PodVolumes(context);
    this.#pod = pod;
    this.#allocated = pod;
  }

  get pod(): Pod {
    return this.#pod;
  }

  set pod(pod: Pod) {
    const known = new Set(allContainersOf(this.#pod).map(({ spec }) => backOffKey(spec)));
    // What held the image of before says nothing about another one.
    for (const { spec } of allContainersOf(pod)) if (!known.has(backOffKey(spec))) this.#holds.delete(spec.name);
    this.#pod = pod;
    this.#allocated = this.#resize.allocated(pod);
  }

  /** A resize waits for room on the node. */
  get isResizeDeferred(): boolean {
    return this.#resize.isDeferred;
  }

  get observed(): ObservedPod {
    return this.#observed;
  }

  /** Address at which the pod's processes are reached. */
  get host(): string {
    return readySandbox(this.#observed)?.ips[0] ?? this.#context.node.hostIps()[0] ?? "127.0.0.1";
  }

  /** The runtime said that this container or sandbox stopped: the next look waits until it shows. */
  noteEvent(event: RuntimeEvent): void {
    if (event.type === "stopped") this.#stopped.add(event.containerId);
  }

  async observe(): Promise<ObservedPod> {
    const { runtime, clock } = this.#context;
    const uid = this.#pod.metadata.uid ?? "";
    const noted = [...this.#stopped];
    this.#observed = await runtime.observePod(uid);
    for (const waitMs of LAG_WAITS_MS) {
      if (!this.#isLagging()) break;
      await clock.sleep(waitMs);
      this.#observed = await runtime.observePod(uid);
    }
    // What was noted while we looked is left for the next look.
    for (const id of noted) this.#stopped.delete(id);
    this.#trackProbes();
    return this.#observed;
  }

  #isLagging(): boolean {
    const { containers, sandboxes } = this.#observed;
    return (
      containers.some(({ id, state }) => state === "running" && this.#stopped.has(id)) ||
      sandboxes.some(({ id, state }) => state === "ready" && this.#stopped.has(id))
    );
  }

  /** Throws what the runtime threw when it could not even be looked at. */
  async sync(signal: AbortSignal): Promise<SyncResult> {
    this.#resize.allocate(this.#pod);
    this.#allocated = this.#resize.allocated(this.#pod);
    await this.observe();
    for (let round = 0; round < ROUNDS_MAX && !signal.aborted; round++) {
      const plan = this.#plan();
      this.publish(plan.waiting, false);
      this.#tellBackOffs(plan);
      if (plan.steps.length === 0) return { isFinished: plan.isFinished, wakeAtMs: this.#wakeAtMs(plan) };
      if (plan.steps.some(({ kind }) => kind === "createSandbox" || kind === "startContainer")) this.#startMounting();
      for (const step of plan.steps) {
        if (signal.aborted) break;
        await this.#execute(step, signal);
      }
      await this.observe();
    }
    return { isFinished: false };
  }

  /** Computes the status and hands it on. */
  publish(waiting: ReadonlyMap<string, Waiting>, isTerminated: boolean): void {
    const { node, probes, paths, status, clock } = this.#context;
    if (this.rejection !== undefined) return status.publish(this.#pod, rejectedStatus(this.#pod, this.rejection));
    const uid = this.#pod.metadata.uid ?? "";
    const computed = podStatus({
      pod: this.#allocated,
      previous: status.latest(uid),
      observed: this.#observed,
      waiting,
      hostIps: node.hostIps(),
      runtimeName: node.runtimeName,
      isStarted: (id) => probes.isStarted(id),
      isReady: (id) => probes.isReady(id),
      terminationMessage: (container) => readTerminationMessage(paths, uid, container),
      isTerminated,
      failure: this.failure,
      actualResources: (name) => this.#resize.actual(uid, name),
      resizeConditions: this.#resize.conditions(),
      nowMs: clock.nowMs(),
    });
    status.publish(this.#pod, computed);
  }

  /** Content of the API in volumes may have changed. */
  async refreshVolumes(): Promise<void> {
    if (readySandbox(this.#observed) === undefined) return;
    await this.#volumes.refresh(this.#pod);
  }

  #plan(): PodPlan {
    const nowMs = this.#context.clock.nowMs();
    const resize = this.#resize.plan(this.#allocated, this.#observed.containers);
    const input = {
      pod: this.#allocated,
      observed: this.#observed,
      backOffs: this.#backOffs,
      health: this.#context.probes,
      restarting: this.#restarting,
      resizeRestarts: resize.restarts,
      resizeUpdates: this.#resize.isHeld ? [] : resize.updates,
    };
    return applyHolds(planPod(input, nowMs), this.#holds, nowMs);
  }

  #wakeAtMs(plan: PodPlan): number | undefined {
    const wakeAtMs = Math.min(plan.wakeAtMs ?? Number.POSITIVE_INFINITY, this.#resize.retryAtMs);
    return Number.isFinite(wakeAtMs) ? wakeAtMs : undefined;
  }

  #trackProbes(): void {
    const { probes } = this.#context;
    for (const declared of allContainersOf(this.#pod)) {
      const latest = latestOf(this.#observed, declared.spec.name);
      if (latest?.state !== "running") continue;
      probes.track(this.#pod, declared.spec, latest, this.host, toldHealth(this.#pod, latest));
    }
    for (const { id, state } of this.#observed.containers) if (state !== "running") probes.untrack(id);
  }

  #tellBackOffs(plan: PodPlan): void {
    for (const [name, { reason }] of plan.waiting) {
      const latest = latestOf(this.#observed, name);
      if (reason !== "CrashLoopBackOff" || latest === undefined || this.#toldBackOff.has(latest.id)) continue;
      this.#toldBackOff.add(latest.id);
      const declared = allContainersOf(this.#pod).find(({ spec }) => spec.name === name);
      const message = `Back-off restarting failed container ${name} in pod ${podText(this.#pod)}`;
      this.#context.events(
        this.#pod,
        "Warning",
        "BackOff",
        message,
        declared === undefined ? undefined : fieldPathOf(declared),
      );
    }
  }

  /** Volumes are made while the sandbox is: who needs them waits for them. */
  #startMounting(): void {
    if (!this.#isPodHeld()) this.#volumes.start(this.#pod);
  }

  #isPodHeld(): boolean {
    return (this.#holds.get(POD_HOLD)?.untilMs ?? 0) > this.#context.clock.nowMs();
  }

  #execute(step: PodStep, signal: AbortSignal): Promise<void> {
    const execute = this.#executors[step.kind] as (step: PodStep, signal: AbortSignal) => Promise<void>;
    return execute(step, signal);
  }

  readonly #executors: Executors = {
    createSandbox: (step, signal) => this.#createSandbox(step.attempt, signal),
    stopSandbox: async ({ sandboxId }) => {
      try {
        await this.#context.runtime.stopSandbox(sandboxId);
      } catch (error) {
        if (!isRuntimeNotFound(error)) throw error;
      }
    },
    startContainer: (step, signal) => this.#start(step, signal),
    resizeContainers: ({ updates }) => this.#resize.execute(this.#allocated, updates),
    killContainer: async (step, signal) => {
      const { probes } = this.#context;
      const probe = step.cause === "livenessProbe" ? step.spec?.spec.livenessProbe : step.spec?.spec.startupProbe;
      const own =
        step.cause === "livenessProbe" || step.cause === "startupProbe"
          ? probe?.terminationGracePeriodSeconds
          : undefined;
      const graceSeconds = own ?? this.#pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
      probes.untrack(step.container.id);
      if (step.isRestarted) this.#restarting.add(step.container.id);
      if (step.cause === "resized") this.#isGroupStale = true;
      const request = {
        pod: this.#pod,
        container: step.container,
        declared: step.spec,
        message: step.message,
        graceSeconds,
        host: this.host,
      };
      await killContainer(this.#context, request, signal).catch(ignoreCancelled);
    },
    removeContainer: async ({ containerId }) => {
      await this.#context.runtime.removeContainer(containerId);
      this.#toldBackOff.delete(containerId);
      this.#restarting.delete(containerId);
    },
  };

  #sandboxSpecOf(attempt: number): SandboxSpec {
    const { node, paths, cgroups } = this.#context;
    const { metadata } = this.#pod;
    if (this.#sandboxSpec?.attempt === attempt) return this.#sandboxSpec;
    this.#sandboxSpec = sandboxSpec({
      pod: this.#pod,
      attempt,
      logDirectory: paths.podLogs(metadata.namespace ?? "", metadata.name, metadata.uid ?? ""),
      cgroupParent: cgroups.ensure(this.#allocated),
      dns: podDns(this.#pod, node.hostDns, node.clusterDns),
      clusterDomain: node.clusterDns.domain,
      seccomp: { root: paths.seccompRoot, isDefault: node.settings.isSeccompDefault },
      settings: node.settings,
    });
    return this.#sandboxSpec;
  }

  async #createSandbox(attempt: number, signal: AbortSignal): Promise<void> {
    const { node, runtime, events } = this.#context;
    const problem = this.#pod.spec.hostNetwork === true ? "" : node.networkProblem();
    if (problem !== "") {
      events(this.#pod, "Warning", "NetworkNotReady", `network is not ready: ${problem}`);
      this.#hold(POD_HOLD, SANDBOX_RETRY);
      return;
    }
    if (attempt > 0)
      events(this.#pod, "Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
    try {
      const spec = this.#sandboxSpecOf(attempt);
      await mkdir(spec.logDirectory, { recursive: true });
      const runtimeHandler = await this.#context.runtimeHandler(this.#pod);
      await runtime.createSandbox({ ...spec, runtimeHandler }, signal);
      this.#holds.delete(POD_HOLD);
    } catch (error) {
      if (isRuntimeCancelled(error)) return;
      events(this.#pod, "Warning", "FailedCreatePodSandBox", `Failed to create pod sandbox: ${messageOf(error)}`);
      this.#hold(POD_HOLD, SANDBOX_RETRY);
    }
  }

  async #start(step: Extract<PodStep, { kind: "startContainer" }>, signal: AbortSignal): Promise<void> {
    const { name } = step.container.spec;
    const sandbox = readySandbox(this.#observed);
    if (sandbox === undefined) return;
    if (step.container.role === "ephemeral") this.#volumes.startOver();
    const volumes = await this.#mountedVolumes(signal);
    if (volumes === undefined || signal.aborted) return;
    const nowMs = this.#context.clock.nowMs();
    const key = backOffKey(step.container.spec);
    if (step.failedAtMs !== undefined)
      this.#backOffs.set(key, nextBackOff(this.#backOffs.get(key), step.failedAtMs, nowMs));
    if (this.#isGroupStale) this.#context.cgroups.ensure(this.#allocated);
    this.#isGroupStale = false;
    const pod = this.#allocated;
    const request = {
      pod,
      declared: step.container,
      attempt: step.attempt,
      sandbox,
      sandboxSpec: this.#sandboxSpecOf(sandbox.attempt),
      volumes,
      targetId: this.#targetOf(step.container),
    };
    try {
      await startContainer(this.#context, request, signal);
      this.#resize.noteStarted(pod, name);
      this.#holds.delete(name);
    } catch (error) {
      if (!isRuntimeCancelled(error)) this.#holdContainer(step.container, error);
    }
  }

  #targetOf({ spec }: DeclaredContainer): string | undefined {
    if (!("targetContainerName" in spec) || spec.targetContainerName === undefined) return undefined;
    return latestOf(this.#observed, spec.targetContainerName)?.id;
  }

  /** Undefined when they cannot be made now: then the whole pod is held. */
  async #mountedVolumes(signal: AbortSignal): Promise<MountedVolumes | undefined> {
    const outcome = this.#isPodHeld() ? undefined : await this.#volumes.mounted(this.#pod, signal);
    if (outcome === undefined) return undefined;
    if (isDelay(outcome)) {
      this.#hold(POD_HOLD, outcome);
      return undefined;
    }
    this.#holds.delete(POD_HOLD);
    return outcome;
  }

  #hold(key: string, { firstMs, limitMs }: { firstMs: number; limitMs: number }, waiting?: Waiting): void {
    this.#holds.set(key, growingHold(this.#holds.get(key), this.#context.clock.nowMs(), firstMs, limitMs, waiting));
  }

  #holdContainer({ spec }: DeclaredContainer, error: unknown): void {
    const { clock, images, logger } = this.#context;
    const reason = error instanceof ContainerError ? error.reason : "RunContainerError";
    const waiting = { reason, message: messageOf(error) };
    logger.warn(
      { pod: podText(this.#pod), container: spec.name, reason, err: waiting.message },
      "container did not start",
    );
    const pullBackOffMs = images.remainingMs(this.#pod, spec.image ?? "");
    this.#holds.set(spec.name, startHold(this.#holds.get(spec.name), waiting, pullBackOffMs, clock.nowMs()));
  }
}

function ignoreCancelled(error: unknown): void {
  if (!isRuntimeCancelled(error)) throw error;
}
