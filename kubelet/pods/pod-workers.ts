/**
 * All pods of this node: gives each its worker, routes runtime events and probe results to it, looks at everything
 * now and then in case an event was lost, and clears away pods that nobody wants any more.
 * Upstream: `kubelet.go` syncLoop, `pod_workers.go` SyncKnownPods, `pleg/`.
 */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { ObservedPod, RuntimeEvent } from "../runtime/runtime.ts";
import { TERMINATION_GRACE_ANNOTATION } from "../runtime/labels.ts";
import { isStaticPod } from "../sources/static-pod.ts";
import type { KubeletContext } from "./kubelet-context.ts";
import { rotateLog } from "./log-rotation.ts";
import { isAlive } from "./pod-containers.ts";
import { removePodRemains } from "./pod-remains.ts";
import { PodWorker } from "./pod-worker.ts";

/** Events tell what changes; this only finds what they did not tell. */
const RELIST_MS = 60_000;
/** How often content of volumes is compared with the API. */
const VOLUME_REFRESH_MS = 60_000;
/** Upstream's --container-log-monitor-interval. */
const LOG_CHECK_MS = 10_000;
const DEFAULT_GRACE_SECONDS = 30;

export class PodWorkers {
  readonly #context: KubeletContext;
  readonly #workers = new Map<string, PodWorker>();
  /** Container or sandbox id to pod uid. */
  readonly #owners = new Map<string, string>();
  /** Static pods that wait for the one whose name they have. */
  readonly #successors = new Map<string, Pod>();
  readonly #clearing = new Set<string>();
  #isSourceReady = false;

  constructor(context: KubeletContext) {
    this.#context = context;
  }

  get(podUid: string): PodWorker | undefined {
    return this.#workers.get(podUid);
  }

  find(namespace: string, name: string): PodWorker | undefined {
    return [...this.#workers.values()].find(
      ({ pod }) => pod.metadata.name === name && pod.metadata.namespace === namespace,
    );
  }

  list(): readonly PodWorker[] {
    return [...this.#workers.values()];
  }

  /** A pod was added or changed. */
  update(pod: Pod): void {
    const uid = pod.metadata.uid ?? "";
    let worker = this.#workers.get(uid);
    if (worker === undefined && isStaticPod(pod) && this.#hasPredecessor(pod))
      return void this.#successors.set(uid, pod);
    if (worker === undefined) {
      this.#context.admission.announce(pod);
      worker = new PodWorker(
        this.#context,
        pod,
        () => this.#retryResizes(),
        () => this.#leave(uid),
      );
      this.#workers.set(uid, worker);
    }
    worker.update(pod);
  }

  /** Room on the node: who waited longest for it is asked first. */
  #retryResizes(): void {
    for (const worker of this.#workers.values()) if (worker.isResizeDeferred) worker.wake();
  }

  /** A file of another content is another pod of the same name: it starts when the one before is gone. */
  #hasPredecessor({ metadata }: Pod): boolean {
    return this.find(metadata.namespace ?? "", metadata.name) !== undefined;
  }

  #leave(uid: string): void {
    this.#workers.delete(uid);
    for (const [successor, pod] of [...this.#successors]) {
      this.#successors.delete(successor);
      this.update(pod);
    }
  }

  remove(pod: Pod): void {
    this.#successors.delete(pod.metadata.uid ?? "");
    this.#workers.get(pod.metadata.uid ?? "")?.remove();
  }

  /** All pods of the source were delivered: what the runtime has beyond them is nobody's. */
  async markSourceReady(): Promise<void> {
    this.#isSourceReady = true;
    await this.relist();
  }

  wake(podUid: string): void {
    this.#workers.get(podUid)?.wake();
  }

  wakeAll(): void {
    for (const worker of this.#workers.values()) worker.wake();
  }

  handleEvent(event: RuntimeEvent): void {
    const worker = this.#workerOf(event.containerId);
    if (event.type === "started" && worker?.phase === "syncing") return;
    if (worker !== undefined) return worker.note(event);
    // A container that nobody has seen yet: it belongs to a pod that is just being worked on, or to none of ours.
    if (event.type === "stopped") for (const busy of this.#workers.values()) if (busy.isBusy) busy.note(event);
  }

  #workerOf(containerId: string): PodWorker | undefined {
    const known = this.#owners.get(containerId);
    if (known !== undefined) return this.#workers.get(known);
    const worker = [...this.#workers.values()].find(({ fingerprint }) => fingerprint.includes(containerId));
    return worker;
  }

  /** Runs until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#relistLoop(signal), this.#volumeLoop(signal), this.#logLoop(signal)]);
    await Promise.all([...this.#workers.values()].map((worker) => worker.close()));
  }

  async #relistLoop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#context.clock.sleep(RELIST_MS, signal);
      if (!signal.aborted) await this.#tryRelist();
    }
  }

  async #tryRelist(): Promise<void> {
    try {
      await this.relist();
    } catch (err) {
      this.#context.logger.warn({ err }, "could not list the pods of the runtime");
    }
  }

  async #volumeLoop(signal: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    while (!signal.aborted) {
      await clock.sleep(VOLUME_REFRESH_MS * (0.75 + clock.random() / 2), signal);
      for (const worker of signal.aborted ? [] : this.list()) worker.refreshVolumes();
    }
  }

  async #logLoop(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#context;
    while (!signal.aborted) {
      await clock.sleep(LOG_CHECK_MS, signal);
      for (const worker of signal.aborted ? [] : this.list()) {
        for (const container of worker.runningContainers) {
          await rotateLog(this.#context, container).catch((err: unknown) =>
            logger.warn({ err }, "could not rotate a log"),
          );
        }
      }
    }
  }

  /** Compares what the runtime shows with what the workers saw. */
  async relist(): Promise<void> {
    const shown = await this.#context.runtime.listPods();
    this.#owners.clear();
    for (const [uid, observed] of shown) {
      for (const { id } of [...observed.sandboxes, ...observed.containers]) this.#owners.set(id, uid);
      const worker = this.#workers.get(uid);
      if (worker !== undefined && worker.fingerprint !== fingerprintOf(observed)) worker.wake();
      else if (worker === undefined && this.#isSourceReady) this.#clear(uid, observed);
    }
    for (const worker of this.#workers.values()) {
      if (!shown.has(worker.uid) && worker.fingerprint !== "") worker.wake();
    }
    if (this.#isSourceReady) await this.#clearDirectories(shown);
  }

  async #clearDirectories(shown: ReadonlyMap<string, ObservedPod>): Promise<void> {
    const { volumes, cgroups, resources, logger } = this.#context;
    // Asked anew for each: a pod may have come while we waited.
    const isWanted = (uid: string): boolean => shown.has(uid) || this.#workers.has(uid);
    for (const uid of await volumes.knownPods()) {
      if (isWanted(uid)) continue;
      await volumes
        .unmount(uid)
        .catch((err: unknown) =>
          logger.warn({ err, podUid: uid }, "could not remove the volumes of a pod that is gone"),
        );
    }
    await volumes.clearOrphans();
    resources.allocated.removeOthers(isWanted);
    resources.actuated.removeOthers(isWanted);
    cgroups.removeOthers(isWanted);
  }

  /** Ends a pod of which only the runtime knows, with the grace its annotation tells. */
  #clear(uid: string, observed: ObservedPod): void {
    if (this.#clearing.has(uid)) return;
    this.#clearing.add(uid);
    this.#clearPod(uid, observed)
      .catch((err: unknown) => this.#context.logger.warn({ err, podUid: uid }, "could not clear away an unwanted pod"))
      .finally(() => this.#clearing.delete(uid));
  }

  async #clearPod(uid: string, { sandboxes, containers }: ObservedPod): Promise<void> {
    const { runtime, volumes, cgroups, logger } = this.#context;
    const [sandbox] = sandboxes;
    logger.info(
      { podUid: uid, pod: sandbox?.podName, namespace: sandbox?.podNamespace },
      "clearing away a pod that nobody wants",
    );
    const grace = (annotations: Readonly<Record<string, string>>): number =>
      Number(annotations[TERMINATION_GRACE_ANNOTATION] ?? DEFAULT_GRACE_SECONDS);
    await Promise.all(
      containers.filter(isAlive).map(({ id, annotations }) => runtime.stopContainer(id, grace(annotations))),
    );
    await removePodRemains(this.#context, sandbox?.podNamespace ?? "", sandbox?.podName ?? "", uid);
    await volumes.unmount(uid);
    cgroups.remove(uid);
  }
}

function fingerprintOf({ sandboxes, containers }: ObservedPod): string {
  return [...sandboxes, ...containers]
    .map(({ id, state }) => `${id}=${state}`)
    .toSorted()
    .join();
}
