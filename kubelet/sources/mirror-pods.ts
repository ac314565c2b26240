/**
 * Mirror pods: what the API shows in the place of pods that come from files. Upstream: `pkg/kubelet/pod/mirror_client.go`
 * and the part of `status_manager.go` that translates uids.
 *
 * V1. Whatever happens to a mirror pod in the API changes nothing for the pod it mirrors; it is made again.
 * V2. A mirror pod of another content, or of a pod that is gone, is deleted.
 * V3. The status of a static pod is written to its mirror pod, as soon as there is one.
 */
import type { Pod, PodStatus } from "../../shared/api/generated/core/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { isAlreadyExists, isNotFound } from "../../shared/errors/status-error.ts";
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import { nodes, pods } from "../../shared/resources/catalog.ts";
import type { StatusSink } from "../pods/kubelet-context.ts";
import { HASH_ANNOTATION, isStaticPod, MIRROR_ANNOTATION } from "./static-pod.ts";

export interface MirrorPodsOptions {
  readonly client: ApiClient;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly status: StatusSink & { reconcile(pod: Pod): void };
}

const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 30_000;

const nameOf = ({ metadata }: Pod): string => `${metadata.namespace ?? ""}/${metadata.name}`;

export class MirrorPods implements StatusSink {
  readonly #options: MirrorPodsOptions;
  readonly #statics = new Map<string, Pod>();
  readonly #mirrors = new Map<string, Pod>();
  readonly #statuses = new Map<string, PodStatus>();
  readonly #busy = new Set<string>();
  /** Names about which something came that the step under way may not have seen. */
  readonly #dirty = new Set<string>();
  /** The API has shown all pods of the node: a mirror pod that is not known does not exist. */
  #isReady = false;

  constructor(options: MirrorPodsOptions) {
    this.#options = options;
  }

  markReady(): void {
    this.#isReady = true;
    for (const name of new Set([...this.#statics.keys(), ...this.#mirrors.keys()])) this.#start(name);
  }

  setStatic(pod: Pod): void {
    this.#statics.set(nameOf(pod), pod);
    this.#start(nameOf(pod));
  }

  removeStatic(pod: Pod): void {
    if (this.#statics.get(nameOf(pod))?.metadata.uid === pod.metadata.uid) this.#statics.delete(nameOf(pod));
    this.#start(nameOf(pod));
  }

  setMirror(mirror: Pod): void {
    this.#mirrors.set(nameOf(mirror), mirror);
    this.#options.status.reconcile(mirror);
    const own = this.#statics.get(nameOf(mirror));
    const status = this.#statuses.get(own?.metadata.uid ?? "");
    if (own !== undefined && status !== undefined) this.publish(own, status);
    this.#start(nameOf(mirror));
  }

  removeMirror(mirror: Pod): void {
    if (this.#mirrors.get(nameOf(mirror))?.metadata.uid === mirror.metadata.uid) this.#mirrors.delete(nameOf(mirror));
    this.#options.status.forget(mirror.metadata.uid ?? "");
    this.#start(nameOf(mirror));
  }

  publish(pod: Pod, status: PodStatus): void {
    if (!isStaticPod(pod)) return this.#options.status.publish(pod, status);
    this.#statuses.set(pod.metadata.uid ?? "", status);
    const mirror = this.#mirrors.get(nameOf(pod));
    if (mirror !== undefined && mirrors(mirror, pod)) this.#options.status.publish(mirror, translated(status, mirror));
  }

  latest(podUid: string): PodStatus | undefined {
    const told = this.#statuses.get(podUid) ?? this.#options.status.latest(podUid);
    // After a restart: what the kubelet before us told.
    return told ?? [...this.#mirrors.values()].find((mirror) => mirroredUid(mirror) === podUid)?.status;
  }

  finishDeletion(pod: Pod): void {
    if (!isStaticPod(pod)) this.#options.status.finishDeletion(pod);
  }

  forget(podUid: string): void {
    this.#statuses.delete(podUid);
    this.#options.status.forget(podUid);
  }

  reconcile(pod: Pod): void {
    if (!isStaticPod(pod)) this.#options.status.reconcile(pod);
  }

  #start(name: string): void {
    this.#dirty.add(name);
    if (!this.#isReady || this.#busy.has(name)) return;
    this.#busy.add(name);
    void this.#settle(name);
  }

  /** Until the mirror pod is what it has to be. Never rejects. */
  async #settle(name: string): Promise<void> {
    const { clock, signal, logger } = this.#options;
    let retryMs = RETRY_FIRST_MS;
    while (this.#dirty.has(name) && !signal.aborted) {
      this.#dirty.delete(name);
      try {
        if (await this.#step(name)) this.#dirty.add(name);
      } catch (err) {
        this.#dirty.add(name);
        logger.warn({ err, pod: name }, "could not mirror a static pod, will try again");
        await clock.sleep(retryMs, signal).catch(() => undefined);
        retryMs = Math.min(RETRY_MAX_MS, retryMs * 2);
      }
    }
    this.#busy.delete(name);
  }

  /** False when there is nothing more to do. */
  async #step(name: string): Promise<boolean> {
    const own = this.#statics.get(name);
    const mirror = this.#mirrors.get(name);
    if (mirror !== undefined) {
      const isGood = own !== undefined && mirrors(mirror, own) && mirror.metadata.deletionTimestamp === undefined;
      if (isGood) return false;
      await this.#delete(mirror);
      return true;
    }
    if (own === undefined) return false;
    await this.#create(own);
    return true;
  }

  async #delete(mirror: Pod): Promise<void> {
    const { metadata } = mirror;
    try {
      await this.#options.client.delete(
        pods,
        { namespace: metadata.namespace, name: metadata.name },
        { gracePeriodSeconds: 0, preconditions: { uid: metadata.uid } },
      );
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    this.removeMirror(mirror);
  }

  async #create(own: Pod): Promise<void> {
    const { client, nodeName } = this.#options;
    const node = await client.get(nodes, { name: nodeName });
    const { uid: hash, ...metadata } = own.metadata;
    const draft: Pod = {
      ...own,
      metadata: {
        ...metadata,
        annotations: { ...metadata.annotations, [MIRROR_ANNOTATION]: hash ?? "" },
        ownerReferences: [
          { apiVersion: "v1", kind: "Node", name: nodeName, uid: node.metadata.uid ?? "", controller: true },
        ],
      },
    };
    const at = { namespace: metadata.namespace ?? "" };
    try {
      this.setMirror(await client.create(pods, draft, at));
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      // Somebody has the name: ours from before, which has to go first, or another pod, which stays.
      const found = await client.get(pods, { ...at, name: metadata.name });
      if (found.metadata.annotations?.[MIRROR_ANNOTATION] === undefined) throw error;
      this.setMirror(found);
    }
  }
}

function mirroredUid({ metadata }: Pod): string | undefined {
  return metadata.annotations?.[MIRROR_ANNOTATION];
}

function mirrors(mirror: Pod, own: Pod): boolean {
  return mirroredUid(mirror) === own.metadata.annotations?.[HASH_ANNOTATION];
}

/** Generations are the mirror pod's own. */
function translated(status: PodStatus, { metadata: { generation } }: Pod): PodStatus {
  if (generation === undefined) return status;
  const conditions = status.conditions?.map((condition) => ({ ...condition, observedGeneration: generation }));
  return { ...status, observedGeneration: generation, ...(conditions === undefined ? {} : { conditions }) };
}
