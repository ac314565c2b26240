/**
 * In-place resize of one pod: takes what the spec asks for when the node has it, gives it to the running containers,
 * and says in conditions and events how far that is. Upstream: `allocation_manager.go`, doPodResizeAction, KEP-1287.
 *
 * Z1. What counts for the node is what was allocated, not what the spec asks for; both this and what containers were
 *     given are on disk before they count.
 * Z2. The pod's own group grows before its containers do, and shrinks after them.
 * Z3. Conditions follow from spec, allocation and actuation alone, so a restart finds them again.
 */
import type { Pod, ResourceRequirements } from "../../../shared/api/generated/core/v1.ts";
import { value } from "../../../shared/machinery/quantity.ts";
import { containerResources } from "../../containers/resources.ts";
import type { RuntimeContainer } from "../../runtime/runtime.ts";
import { messageOf } from "../../runtime/runtime-error.ts";
import type { ConditionDraft } from "../../status/pod-conditions.ts";
import type { KubeletContext } from "../kubelet-context.ts";
import {
  type ContainerUpdate,
  largerResources,
  planResize,
  type ResizePlan,
  resizableContainers,
  resourcesOf,
  sameResources,
  withResources,
} from "./plan-resize.ts";
import { judgeResize } from "./resize-verdict.ts";

/** A deferred resize is looked at again when a pod ends, and this often. */
const DEFERRED_RETRY_MS = 180_000;
const ERROR_RETRY_MS = 10_000;

interface Pending {
  readonly reason: "Deferred" | "Infeasible";
  readonly message: string;
  readonly generation: number | undefined;
}

interface Progress {
  readonly error: string;
  readonly generation: number | undefined;
}

export class PodResize {
  readonly #context: KubeletContext;
  #pending: Pending | undefined;
  #progress: Progress | undefined;
  #retryAtMs = Number.POSITIVE_INFINITY;

  constructor(context: KubeletContext) {
    this.#context = context;
  }

  get isDeferred(): boolean {
    return this.#pending?.reason === "Deferred";
  }

  get retryAtMs(): number {
    return this.#retryAtMs;
  }

  /** The pod with what it was given of what it asks for. */
  allocated(pod: Pod): Pod {
    const allocated = this.#context.resources.allocated.get(pod.metadata.uid ?? "");
    return allocated === undefined ? pod : withResources(pod, allocated);
  }

  /** Takes what `pod` asks for, if the node has it. */
  allocate(pod: Pod): void {
    const { resources, admission, node, clock, events } = this.#context;
    const uid = pod.metadata.uid ?? "";
    const wanted = resourcesOf(pod);
    const before = resources.allocated.get(uid);
    const isSame =
      before !== undefined && Object.entries(wanted).every(([name, own]) => sameResources(own, before[name] ?? {}));
    this.#retryAtMs = Number.POSITIVE_INFINITY;
    if (before === undefined || isSame) {
      this.#pending = undefined;
      if (before === undefined) resources.allocated.set(uid, wanted);
      return;
    }
    const refusal = judgeResize(pod, admission.othersOf(uid), node.allocatable());
    const { generation } = pod.metadata;
    if (refusal !== undefined) {
      if (refusal.reason === "Deferred") this.#retryAtMs = clock.nowMs() + DEFERRED_RETRY_MS;
      const isNew = this.#pending?.message !== refusal.message || this.#pending.generation !== generation;
      this.#pending = { ...refusal, generation };
      admission.hold(this.allocated(pod));
      if (isNew)
        events(
          pod,
          "Warning",
          `Resize${refusal.reason}`,
          resizeMessage(pod, `Pod resize ${refusal.reason}`, refusal.message),
        );
      return;
    }
    resources.allocated.set(uid, wanted);
    admission.hold(pod);
    this.#pending = undefined;
    this.#progress = { error: "", generation };
    events(pod, "Normal", "ResizeStarted", resizeMessage(pod, "Pod resize started"));
  }

  /** What is to be done to running containers, of a pod with its allocated resources. */
  plan(pod: Pod, running: readonly RuntimeContainer[]): ResizePlan {
    const { actuated } = this.#context.resources;
    const uid = pod.metadata.uid ?? "";
    const known = actuated.get(uid) ?? {};
    // A container of which nothing is written down was started by a kubelet that did not resize.
    for (const { spec } of resizableContainers(pod)) {
      const isRunning = running.some(({ name, state }) => name === spec.name && state === "running");
      if (isRunning && known[spec.name] === undefined) this.noteStarted(pod, spec.name);
    }
    const plan = planResize(pod, actuated.get(uid) ?? {}, running);
    if (plan.updates.length + plan.restarts.size > 0)
      this.#progress ??= { error: "", generation: pod.metadata.generation };
    else this.#complete(pod, running);
    return plan;
  }

  /** The container runs with what `pod` allows it. */
  noteStarted(pod: Pod, container: string): void {
    const own = resourcesOf(pod)[container];
    if (own !== undefined) this.#context.resources.actuated.setContainer(pod.metadata.uid ?? "", container, own);
  }

  /** What the container was last given; undefined before its first start. */
  actual(podUid: string, container: string): ResourceRequirements | undefined {
    return this.#context.resources.actuated.get(podUid)?.[container];
  }

  async execute(pod: Pod, updates: readonly ContainerUpdate[]): Promise<void> {
    const { cgroups, resources, clock, events } = this.#context;
    const uid = pod.metadata.uid ?? "";
    try {
      await this.#checkUsage(updates);
      cgroups.ensure(largerResources(pod, resources.actuated.get(uid) ?? {}));
      for (const update of updates) await this.#update(pod, update);
      cgroups.ensure(pod);
      this.#retryAtMs = Number.POSITIVE_INFINITY;
    } catch (error) {
      const message = messageOf(error);
      if (this.#progress?.error !== message)
        events(pod, "Warning", "ResizeError", resizeMessage(pod, "Pod resize error", message));
      this.#progress = { error: message, generation: this.#progress?.generation ?? pod.metadata.generation };
      this.#retryAtMs = clock.nowMs() + ERROR_RETRY_MS;
    }
  }

  /** An update that failed is not tried again before its time. */
  get isHeld(): boolean {
    return (this.#progress?.error ?? "") !== "" && this.#retryAtMs > this.#context.clock.nowMs();
  }

  async #update(pod: Pod, { container, running }: ContainerUpdate): Promise<void> {
    const { runtime, node } = this.#context;
    await runtime.updateContainerResources(running.id, containerResources(pod, container, node.settings));
    this.noteStarted(pod, container.name);
  }

  /** A limit below what is in use would end the container instead of resizing it. */
  async #checkUsage(updates: readonly ContainerUpdate[]): Promise<void> {
    const shrinking = updates.filter(({ container, current }) => {
      const limit = value(container.resources?.limits?.["memory"] ?? "0");
      const before = value(current.limits?.["memory"] ?? "0");
      return limit > 0 && (before === 0 || limit < before);
    });
    if (shrinking.length === 0) return;
    const usage = await this.#context.runtime.usage();
    for (const { container, running } of shrinking) {
      const limit = value(container.resources?.limits?.["memory"] ?? "0");
      const used = usage.find(({ containerId }) => containerId === running.id)?.workingSetBytes ?? 0;
      if (used >= limit)
        throw new Error(
          `attempting to set container ${JSON.stringify(container.name)} memory limit (${limit}) below current usage (${used})`,
        );
    }
  }

  #complete(pod: Pod, running: readonly RuntimeContainer[]): void {
    if (this.#progress === undefined) return;
    const mayRun = resizableContainers(pod).some(({ spec }) =>
      running.some(({ name, state }) => name === spec.name && state === "running"),
    );
    if (!mayRun) return;
    this.#progress = undefined;
    this.#context.events(pod, "Normal", "ResizeCompleted", resizeMessage(pod, "Pod resize completed"));
  }

  conditions(): ConditionDraft[] {
    const pending = this.#pending;
    const progress = this.#progress;
    return [
      ...(pending === undefined
        ? []
        : [
            {
              type: "PodResizePending",
              status: "True",
              reason: pending.reason,
              message: pending.message,
              observedGeneration: pending.generation,
            },
          ]),
      ...(progress === undefined
        ? []
        : [
            {
              type: "PodResizeInProgress",
              status: "True",
              ...(progress.error === "" ? {} : { reason: "Error", message: progress.error }),
              observedGeneration: progress.generation,
            },
          ]),
    ];
  }
}

/** Prefix and what is asked for, as JSON. */
function resizeMessage(pod: Pod, prefix: string, error = ""): string {
  const summary = (containers: Pod["spec"]["containers"]) =>
    containers.map(({ name, resources }) => ({ name, resources: resources ?? {} }));
  const inits = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  const body = {
    ...(inits.length === 0 ? {} : { initContainers: summary(inits) }),
    containers: summary(pod.spec.containers),
    generation: pod.metadata.generation ?? 0,
    ...(error === "" ? {} : { error }),
  };
  return `${prefix}: ${JSON.stringify(body)}`;
}
