/**
 * Writes pods' statuses to the API. Upstream: `pkg/kubelet/status/status_manager.go`; different: no batch every ten
 * seconds, a status is written as soon as the one before it is through.
 *
 * M1. At most one request per pod at any time; of the statuses that come meanwhile only the last is written.
 * M2. A status is written as the difference to what the server has, with the pod's uid as precondition.
 * M3. A pod is deleted from the API only after its last status was written.
 */
import type { Pod, PodStatus } from "../../shared/api/generated/core/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { isConflict, isNotFound } from "../../shared/errors/status-error.ts";
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import { pods } from "../../shared/resources/catalog.ts";
import type { StatusSink } from "../pods/kubelet-context.ts";
import { statusPatch } from "./status-patch.ts";

interface Entry {
  pod: Pod;
  wanted: PodStatus | undefined;
  /** What the server has, as far as we know. */
  known: PodStatus | undefined;
  /** The server's version of `known`. */
  resourceVersion: string;
  isDeletionWanted: boolean;
  isWriting: boolean;
  /** Something came that the write under way may not have seen. */
  isDirty: boolean;
}

const RETRY_FIRST_MS = 200;
const RETRY_MAX_MS = 10_000;
const CONFLICTS_MAX = 3;

export class StatusManager implements StatusSink {
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #signal: AbortSignal;
  readonly #entries = new Map<string, Entry>();

  constructor(client: ApiClient, clock: Clock, logger: Logger, signal: AbortSignal) {
    this.#client = client;
    this.#clock = clock;
    this.#logger = logger;
    this.#signal = signal;
  }

  publish(pod: Pod, status: PodStatus): void {
    const entry = this.#entry(pod);
    entry.wanted = status;
    this.#start(entry);
  }

  latest(podUid: string): PodStatus | undefined {
    return this.#entries.get(podUid)?.wanted;
  }

  finishDeletion(pod: Pod): void {
    const entry = this.#entry(pod);
    entry.isDeletionWanted = true;
    this.#start(entry);
  }

  forget(podUid: string): void {
    this.#entries.delete(podUid);
  }

  /** The source shows the pod: notices when somebody else wrote the status. */
  reconcile(pod: Pod): void {
    const entry = this.#entries.get(pod.metadata.uid ?? "");
    if (entry === undefined) return;
    entry.pod = pod;
    if (isOlder(pod.metadata.resourceVersion ?? "", entry.resourceVersion)) return;
    entry.known = pod.status;
    entry.resourceVersion = pod.metadata.resourceVersion ?? "";
    this.#start(entry);
  }

  #entry(pod: Pod): Entry {
    const uid = pod.metadata.uid ?? "";
    const known = this.#entries.get(uid);
    if (known !== undefined) {
      known.pod = pod;
      return known;
    }
    const resourceVersion = pod.metadata.resourceVersion ?? "";
    const fresh: Entry = {
      pod,
      wanted: undefined,
      known: pod.status,
      resourceVersion,
      isDeletionWanted: false,
      isWriting: false,
      isDirty: false,
    };
    this.#entries.set(uid, fresh);
    return fresh;
  }

  #start(entry: Entry): void {
    entry.isDirty = true;
    if (entry.isWriting) return;
    entry.isWriting = true;
    void this.#write(entry);
  }

  /** Writes until there is nothing more to write. Never rejects. */
  async #write(entry: Entry): Promise<void> {
    let retryMs = RETRY_FIRST_MS;
    let conflicts = 0;
    while (entry.isDirty && !this.#signal.aborted && this.#entries.get(entry.pod.metadata.uid ?? "") === entry) {
      entry.isDirty = false;
      try {
        if (await this.#writeOnce(entry)) entry.isDirty = true;
        retryMs = RETRY_FIRST_MS;
      } catch (err) {
        // Another pod has the name, or somebody wrote at the same time: only the second is worth another try.
        if (isConflict(err)) conflicts++;
        if (isNotFound(err) || conflicts > CONFLICTS_MAX) break;
        entry.isDirty = true;
        this.#logger.warn({ err, pod: entry.pod.metadata.name }, "could not write a pod's status, will try again");
        await this.#clock.sleep(retryMs, this.#signal);
        retryMs = Math.min(RETRY_MAX_MS, retryMs * 2);
      }
    }
    // In the same breath as the check above: what comes from here on starts a write of its own.
    entry.isWriting = false;
  }

  /** False when everything was written. */
  async #writeOnce(entry: Entry): Promise<boolean> {
    const { metadata } = entry.pod;
    const at = { namespace: metadata.namespace, name: metadata.name };
    const patch = entry.wanted === undefined ? undefined : statusPatch(entry.known, entry.wanted);
    if (patch !== undefined) {
      const body = { metadata: { uid: metadata.uid }, status: patch };
      const answer = await this.#client.patch(pods, at, "strategic", body, {
        subresource: "status",
        signal: this.#signal,
      });
      entry.known = answer.status;
      entry.resourceVersion = answer.metadata.resourceVersion ?? "";
      return true;
    }
    if (!entry.isDeletionWanted) return false;
    await this.#client.delete(pods, at, { gracePeriodSeconds: 0, preconditions: { uid: metadata.uid } });
    entry.isDeletionWanted = false;
    return false;
  }
}

/** Revisions are numbers without leading zeros. */
function isOlder(candidate: string, known: string): boolean {
  return candidate.length < known.length || (candidate.length === known.length && candidate < known);
}
