/**
 * Runs the probes of all running containers and keeps what they say. Upstream: `pkg/kubelet/prober`.
 *
 * R1. One timer per probe; a probe never overlaps itself.
 * R2. While a startup probe has not succeeded, the other probes of its container do not run.
 * R3. Results belong to a container id: a restarted container starts from the beginning.
 */
import type { Container, Pod, Probe } from "../../shared/api/generated/core/v1.ts";
import type { Clock, Timer } from "../../shared/process/clock.ts";
import type { ContainerHealth } from "../pods/plan-pod.ts";
import type { ContainerRuntime, RuntimeContainer } from "../runtime/runtime.ts";
import { isRuntimeNotFound, messageOf } from "../runtime/runtime-error.ts";
import {
  advanceProbe,
  initialProbeState,
  type ProbeKind,
  type ProbeResult,
  type ProbeState,
  probeDelayMs,
  probePeriodMs,
} from "./probe-state.ts";
import type { ToldHealth } from "./told-health.ts";
import { tryProbe } from "./run-probe.ts";

export interface ProbeManagerOptions {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  /** A result turned: look at the pod again. */
  onChange(podUid: string): void;
  onUnhealthy(pod: Pod, container: string, message: string): void;
  /** It passes, but something about it is worth a word. */
  onWarning?(pod: Pod, container: string, message: string): void;
  /** `unknown`: the probe could not be made. */
  onOutcome?(kind: ProbeKind, pod: Pod, container: string, outcome: ProbeResult): void;
}

interface ProbeWorker {
  readonly kind: ProbeKind;
  readonly probe: Probe;
  state: ProbeState;
  timer: Timer | undefined;
}

interface ProbedContainer {
  readonly id: string;
  readonly startedAtMs: number;
  pod: Pod;
  readonly container: Container;
  host: string;
  readonly workers: readonly ProbeWorker[];
  isStopped: boolean;
}

const PROBE_NAMES: Record<ProbeKind, string> = { startup: "Startup", liveness: "Liveness", readiness: "Readiness" };

export class ProbeManager implements ContainerHealth {
  readonly #options: ProbeManagerOptions;
  readonly #containers = new Map<string, ProbedContainer>();

  constructor(options: ProbeManagerOptions) {
    this.#options = options;
  }

  /**
   * Called for every running container whenever its pod is looked at. `told` counts until a probe says otherwise: a
   * restart of the kubelet takes no traffic from a container that was ready.
   */
  track(pod: Pod, container: Container, running: RuntimeContainer, host: string, told?: ToldHealth): void {
    const known = this.#containers.get(running.id);
    if (known !== undefined) {
      known.pod = pod;
      known.host = host;
      return;
    }
    const kinds: [ProbeKind, Probe | undefined][] = [
      ["startup", container.startupProbe],
      ["liveness", container.livenessProbe],
      ["readiness", container.readinessProbe],
    ];
    const workers = kinds.flatMap(([kind, probe]): ProbeWorker[] =>
      probe === undefined ? [] : [{ kind, probe, state: stateAtFirst(kind, told), timer: undefined }],
    );
    const startedAtMs = running.startedAtMs > 0 ? running.startedAtMs : this.#options.clock.nowMs();
    const probed: ProbedContainer = { id: running.id, startedAtMs, pod, container, host, workers, isStopped: false };
    this.#containers.set(running.id, probed);
    for (const worker of workers) this.#scheduleFirst(probed, worker);
  }

  untrack(containerId: string): void {
    const probed = this.#containers.get(containerId);
    if (probed === undefined) return;
    probed.isStopped = true;
    for (const { timer } of probed.workers) timer?.cancel();
    this.#containers.delete(containerId);
  }

  /** A pod that ends keeps its readiness probes: traffic still has to be told. */
  stopRestarting(podUid: string): void {
    for (const probed of this.#containers.values()) {
      if (probed.pod.metadata.uid !== podUid) continue;
      for (const worker of probed.workers) if (worker.kind !== "readiness") worker.timer?.cancel();
    }
  }

  forgetPod(podUid: string): void {
    for (const probed of [...this.#containers.values()])
      if (probed.pod.metadata.uid === podUid) this.untrack(probed.id);
  }

  isStarted(containerId: string): boolean {
    const startup = this.#worker(containerId, "startup");
    return this.#containers.has(containerId) && (startup === undefined || startup.state.result === "success");
  }

  isReady(containerId: string): boolean {
    const readiness = this.#worker(containerId, "readiness");
    return this.isStarted(containerId) && (readiness === undefined || readiness.state.result === "success");
  }

  hasFailed(containerId: string): "liveness" | "startup" | undefined {
    if (this.#worker(containerId, "startup")?.state.result === "failure") return "startup";
    if (this.#worker(containerId, "liveness")?.state.result === "failure") return "liveness";
    return undefined;
  }

  close(): void {
    for (const id of [...this.#containers.keys()]) this.untrack(id);
  }

  #worker(containerId: string, kind: ProbeKind): ProbeWorker | undefined {
    return this.#containers.get(containerId)?.workers.find((worker) => worker.kind === kind);
  }

  #scheduleFirst(probed: ProbedContainer, worker: ProbeWorker): void {
    const elapsedMs = this.#options.clock.nowMs() - probed.startedAtMs;
    this.#schedule(probed, worker, Math.max(0, probeDelayMs(worker.probe) - elapsedMs));
  }

  #schedule(probed: ProbedContainer, worker: ProbeWorker, delayMs: number): void {
    if (probed.isStopped) return;
    worker.timer = this.#options.clock.after(delayMs, () => void this.#run(probed, worker));
  }

  async #run(probed: ProbedContainer, worker: ProbeWorker): Promise<void> {
    const mayRun = worker.kind === "startup" || this.isStarted(probed.id);
    const isOver = worker.kind === "startup" && worker.state.result === "success";
    if (isOver || probed.isStopped) return;
    const begunAtMs = this.#options.clock.monotonicMs();
    if (mayRun) await this.#probeOnce(probed, worker);
    const tookMs = this.#options.clock.monotonicMs() - begunAtMs;
    // A container that failed for good waits to be killed: no further probes, no further events.
    if (worker.kind !== "readiness" && worker.state.result === "failure") return;
    if (worker.kind === "startup" && worker.state.result === "success") return;
    const periodMs = probePeriodMs(worker.probe);
    // Periods count from start to start; those that passed meanwhile are left out.
    this.#schedule(probed, worker, mayRun ? periodMs - (tookMs % periodMs) : Math.min(1000, periodMs));
  }

  async #probeOnce(probed: ProbedContainer, worker: ProbeWorker): Promise<void> {
    const { runtime, onChange, onUnhealthy, onWarning, onOutcome } = this.#options;
    const { pod, container, host, id } = probed;
    const name = PROBE_NAMES[worker.kind];
    let isSuccess: boolean;
    try {
      const answer = await tryProbe(runtime, worker.probe, { containerId: id, container, host });
      if (probed.isStopped) return;
      isSuccess = answer.isSuccess;
      if (answer.isWarning === true) onWarning?.(pod, container.name, `${name} probe warning: ${answer.output}`);
      if (!isSuccess) onUnhealthy(pod, container.name, `${name} probe failed: ${answer.output}`);
    } catch (error) {
      if (probed.isStopped || isRuntimeNotFound(error)) return;
      onOutcome?.(worker.kind, pod, container.name, "unknown");
      onUnhealthy(pod, container.name, `${name} probe errored and resulted in unknown state: ${messageOf(error)}`);
      return;
    }
    const outcome = isSuccess ? "success" : "failure";
    onOutcome?.(worker.kind, pod, container.name, outcome);
    const before = worker.state.result;
    worker.state = advanceProbe(worker.state, worker.probe, outcome);
    if (worker.state.result !== before) {
      if (worker.kind === "startup" && worker.state.result === "success") this.#startOthers(probed);
      onChange(pod.metadata.uid ?? "");
    }
  }

  #startOthers(probed: ProbedContainer): void {
    for (const worker of probed.workers) {
      if (worker.kind === "startup") continue;
      worker.timer?.cancel();
      this.#scheduleFirst(probed, worker);
    }
  }
}

function stateAtFirst(kind: ProbeKind, told: ToldHealth | undefined): ProbeState {
  const isKnown = (kind === "startup" && told?.isStarted === true) || (kind === "readiness" && told?.isReady === true);
  return isKnown ? { ...initialProbeState(kind), result: "success" } : initialProbeState(kind);
}
