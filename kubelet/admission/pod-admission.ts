/**
 * Decides, pod after pod, which of them this node runs. Upstream: `kubelet.go` HandlePodAdditions and canAdmitPod.
 *
 * A1. One decision at a time: each sees all pods that were admitted before it, and none that was not.
 * A2. A pod that the node had taken before the kubelet restarted is taken again without a question, or a restart
 *     would end pods that run. Its allocations are counted, and handlers find them in their checkpoints.
 * A3. What a pod takes up is free again when it was released, not before.
 */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { Logger } from "../../shared/process/logger.ts";
import { messageOf } from "../runtime/runtime-error.ts";
import type { AdmitHandler, Rejection } from "./admit-handler.ts";

export class PodAdmission {
  readonly #handlers: readonly AdmitHandler[];
  readonly #logger: Logger;
  readonly #admitted = new Map<string, Pod>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(handlers: readonly AdmitHandler[], logger: Logger) {
    this.#handlers = handlers;
    this.#logger = logger;
  }

  /** Counts a pod that runs already (A2), and newer versions of admitted pods. */
  hold(pod: Pod): void {
    this.#admitted.set(pod.metadata.uid ?? "", pod);
  }

  /** Tells of a pod before it is asked for: one that runs already counts at once, whoever is asked for first (A2). */
  announce(pod: Pod): void {
    if (wasAccepted(pod) && !isOver(pod)) this.hold(pod);
  }

  /** Undefined: the pod may run, and its resources count from now on. */
  admit(pod: Pod): Promise<Rejection | undefined> {
    const decision = this.#turn.then(() => this.#decide(pod));
    this.#turn = decision;
    return decision;
  }

  /** Pods that were admitted and have not ended, but for one. */
  othersOf(podUid: string): readonly Pod[] {
    return [...this.#admitted].filter(([other]) => other !== podUid).map(([, other]) => other);
  }

  release(podUid: string): void {
    this.#admitted.delete(podUid);
  }

  async #decide(pod: Pod): Promise<Rejection | undefined> {
    const uid = pod.metadata.uid ?? "";
    if (wasAccepted(pod)) {
      this.hold(pod);
      return undefined;
    }
    for (const handler of this.#handlers) {
      const rejection = await this.#ask(handler, pod, uid);
      if (rejection !== undefined) return rejection;
    }
    this.hold(pod);
    return undefined;
  }

  async #ask(handler: AdmitHandler, pod: Pod, uid: string): Promise<Rejection | undefined> {
    // Asked anew for each handler: one of them may have ended a pod to make room.
    const others = this.othersOf(uid);
    try {
      return await handler.admit(pod, others);
    } catch (err) {
      this.#logger.warn({ err, pod: pod.metadata.name }, "a pod could not be judged");
      return { reason: "UnexpectedAdmissionError", message: messageOf(err) };
    }
  }
}

function isOver({ status }: Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

/** Only a kubelet writes a start time, and only for a pod that it runs. */
function wasAccepted({ status }: Pod): boolean {
  return status?.startTime !== undefined;
}
