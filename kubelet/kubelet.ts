/**
 * The kubelet put together: pods from a source, workers, probes, volumes, status and the runtime's events. It knows
 * the API only through what it is given, so that tests run it without one.
 */
import { join } from "node:path";
import type { Pod, Secret, Service } from "../shared/api/generated/core/v1.ts";
import type { Clock } from "../shared/process/clock.ts";
import type { Logger } from "../shared/process/logger.ts";
import type { PodAdmission } from "./admission/pod-admission.ts";
import type { PodCgroups } from "./cgroups/pod-cgroups.ts";
import { ImagePuller } from "./images/image-puller.ts";
import type { PullLimits } from "./images/pull-queue.ts";
import { PulledImages } from "./images/pulled-images.ts";
import type { KubeletPaths } from "./node/kubelet-paths.ts";
import type { KubeletContext, NodeFacts, PodEvents, StatusSink } from "./pods/kubelet-context.ts";
import type { PodSource } from "./sources/pod-source.ts";
import { PodWorkers } from "./pods/pod-workers.ts";
import { ResourceCheckpoint } from "./pods/resize/resource-checkpoint.ts";
import { ProbeManager } from "./probes/probe-manager.ts";
import type { ProbeKind, ProbeResult } from "./probes/probe-state.ts";
import { fieldPathOf } from "./pods/kill-container.ts";
import { allContainersOf } from "./pods/pod-containers.ts";
import type { ContainerRuntime } from "./runtime/runtime.ts";
import type { VolumeHost, VolumeSources } from "./volumes/volume-host.ts";
import { VolumeManager } from "./volumes/volume-manager.ts";

export interface KubeletParts {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly paths: KubeletPaths;
  readonly node: NodeFacts;
  readonly cgroups: PodCgroups;
  readonly admission: PodAdmission;
  readonly devices: KubeletContext["devices"];
  readonly source: PodSource;
  readonly status: StatusSink & { reconcile?(pod: Pod): void };
  readonly events: PodEvents;
  readonly sources: Pick<VolumeSources, "configMap" | "secret" | "token" | "forget">;
  readonly storage: Pick<VolumeHost, "objects" | "csi">;
  services(): readonly Service[];
  runtimeHandler(pod: Pod): Promise<string>;
  readonly pullLimits: PullLimits;
  pullSecrets(pod: Pod): Promise<readonly Secret[]>;
  onProbeOutcome?(kind: ProbeKind, pod: Pod, container: string, outcome: ProbeResult): void;
}

const EVENTS_RETRY_MS = 500;

export class Kubelet {
  readonly #parts: KubeletParts;
  readonly #probes: ProbeManager;
  readonly workers: PodWorkers;
  /** For statistics. */
  readonly volumes: Pick<VolumeManager, "volumesOf">;

  constructor(parts: KubeletParts) {
    const { runtime, clock, logger, paths, node, events } = parts;
    this.#parts = parts;
    this.#probes = new ProbeManager({
      runtime,
      clock,
      onChange: (podUid) => this.workers.wake(podUid),
      onUnhealthy: (pod, name, message) => {
        const declared = allContainersOf(pod).find(({ spec }) => spec.name === name);
        events(pod, "Warning", "Unhealthy", message, declared === undefined ? undefined : fieldPathOf(declared));
      },
      onWarning: (pod, name, message) => {
        const declared = allContainersOf(pod).find(({ spec }) => spec.name === name);
        const field = declared === undefined ? undefined : fieldPathOf(declared);
        events(pod, "Warning", "ProbeWarning", message, field);
      },
      onOutcome: (kind, pod, container, outcome) => parts.onProbeOutcome?.(kind, pod, container, outcome),
    });
    const sources = {
      ...parts.sources,
      addresses: (pod: Pod) => ({ podIps: this.#podIps(pod), hostIps: node.hostIps() }),
      allocatable: () => node.allocatable(),
    };
    const volumes = new VolumeManager({ ...parts.storage, paths, clock, logger, sources }, events);
    this.volumes = volumes;
    const context: KubeletContext = {
      runtime,
      clock,
      logger,
      paths,
      node,
      cgroups: parts.cgroups,
      admission: parts.admission,
      devices: parts.devices,
      resources: {
        allocated: new ResourceCheckpoint(join(paths.root, "allocated_pods_state"), logger),
        actuated: new ResourceCheckpoint(join(paths.root, "actuated_pods_state"), logger),
      },
      images: new ImagePuller({
        runtime,
        clock,
        limits: parts.pullLimits,
        pulled: new PulledImages(paths.root),
        secrets: (pod) => parts.pullSecrets(pod),
      }),
      volumes,
      probes: this.#probes,
      objects: parts.sources,
      services: () => parts.services(),
      runtimeHandler: (pod) => parts.runtimeHandler(pod),
      events,
      status: parts.status,
    };
    this.workers = new PodWorkers(context);
  }

  #podIps(pod: Pod): readonly string[] {
    const status = this.#parts.status.latest(pod.metadata.uid ?? "") ?? pod.status;
    return (status?.podIPs ?? []).map(({ ip }) => ip ?? "");
  }

  /** Runs until `signal` aborts; containers live on. */
  async run(signal: AbortSignal): Promise<void> {
    const { source, status, logger } = this.#parts;
    const handlers = {
      onChange: (pod: Pod): void => {
        status.reconcile?.(pod);
        this.workers.update(pod);
      },
      onRemove: (pod: Pod): void => this.workers.remove(pod),
    };
    const onReady = (): void => {
      this.workers
        .markSourceReady()
        .catch((err: unknown) => logger.warn({ err }, "could not list the pods of the runtime"));
    };
    this.#parts.storage.csi.onDriver = () => {
      this.workers.relist().catch((err: unknown) => logger.warn({ err }, "could not list the pods of the runtime"));
    };
    await Promise.all([source.run(handlers, onReady, signal), this.workers.run(signal), this.#readEvents(signal)]);
    this.#probes.close();
  }

  async #readEvents(signal: AbortSignal): Promise<void> {
    const { runtime, clock, logger } = this.#parts;
    let isBroken = false;
    // What happened while nobody listened shows in the list.
    const onOpen = (): void => {
      this.workers.relist().then(
        () => {
          isBroken = false;
        },
        () => undefined,
      );
    };
    while (!signal.aborted) {
      try {
        await runtime.events(signal, onOpen, (event) => this.workers.handleEvent(event));
      } catch (err) {
        if (!isBroken) logger.warn({ err }, "the runtime's event stream broke, will open it again");
        isBroken = true;
      }
      await clock.sleep(EVENTS_RETRY_MS, signal);
    }
  }
}
