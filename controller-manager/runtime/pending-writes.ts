/**
 * The read-your-writes gate: a key is not reconciled again before the informers have seen what was written for it.
 * It takes the place of upstream's `ControllerExpectations`.
 *
 * Invariants:
 * P1 A write counts as seen when the informer's store holds the object at its revision or later, when the informer as
 *    a whole has passed that revision, or, for a deletion, when that UID is not in the store.
 * P2 A closed gate opens by itself: by an event, or after `GATE_TIMEOUT_MS` by a live read that shows that the
 *    write is not there to be seen (the object is gone, or the server lost it).
 */
import type { ApiClient } from "../../shared/client/api-client.ts";
import { isNotFound } from "../../shared/errors/status-error.ts";
import type { Informer } from "../../shared/informer/lister.ts";
import type { KubeObject, Resource } from "../../shared/resources/resource.ts";
import { compareRevisions } from "./revision.ts";

/** How long to trust that an informer will catch up before asking the server. */
export const GATE_TIMEOUT_MS = 10_000;

export interface PendingWrite {
  readonly resource: Resource<KubeObject>;
  readonly informer: Informer<KubeObject>;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly uid: string | undefined;
  /** Revision of the write; nothing when the answer carried none (an object that was removed at once). */
  readonly revision: string | undefined;
  readonly isDeletion: boolean;
}

interface ClosedGate {
  writes: PendingWrite[];
  sinceMs: number;
}

/** P1 */
function isSeen({ informer, namespace, name, uid, revision, isDeletion }: PendingWrite): boolean {
  if (revision !== undefined && compareRevisions(informer.lastSyncedResourceVersion(), revision) >= 0) return true;
  const known = informer.lister.get(namespace, name);
  if (isDeletion && (known === undefined || known.metadata.uid !== uid)) return true;
  if (known === undefined || revision === undefined || known.metadata.uid !== uid) return false;
  return compareRevisions(known.metadata.resourceVersion ?? "", revision) >= 0;
}

export class PendingWrites {
  readonly #gates = new Map<string, ClosedGate>();

  record(key: string, write: PendingWrite, nowMs: number): void {
    const gate = this.#gates.get(key);
    if (gate === undefined) this.#gates.set(key, { writes: [write], sinceMs: nowMs });
    else gate.writes.push(write);
  }

  /** True when everything written for `key` has been seen. */
  isOpen(key: string): boolean {
    const gate = this.#gates.get(key);
    if (gate === undefined) return true;
    for (let last = gate.writes.at(-1); last !== undefined; last = gate.writes.at(-1)) {
      if (!isSeen(last)) return false;
      gate.writes.pop();
    }
    this.#gates.delete(key);
    return true;
  }

  /** Keys whose gate has just opened. */
  takeOpened(): string[] {
    return [...this.#gates.keys()].filter((key) => this.isOpen(key));
  }

  /** P2: asks the server about the writes that are overdue, and forgets those that will never be seen. */
  async verify(key: string, client: ApiClient, nowMs: number, signal: AbortSignal): Promise<void> {
    const gate = this.#gates.get(key);
    if (gate === undefined || nowMs - gate.sinceMs < GATE_TIMEOUT_MS) return;
    const overdue = gate.writes.filter((write) => !isSeen(write));
    const isStillThere = await Promise.all(overdue.map((write) => isWaitedFor(write, client, signal)));
    gate.writes = overdue.filter((_, index) => isStillThere[index]);
    gate.sinceMs = nowMs;
  }

  forget(key: string): void {
    this.#gates.delete(key);
  }
}

/** True when the server has the write, so that the informer must come to see it. */
async function isWaitedFor(write: PendingWrite, client: ApiClient, signal: AbortSignal): Promise<boolean> {
  try {
    const live = await client.get(write.resource, write, signal);
    if (live.metadata.uid !== write.uid) return false;
    if (write.revision === undefined) return false;
    return compareRevisions(live.metadata.resourceVersion ?? "", write.revision) >= 0;
  } catch (err) {
    if (isNotFound(err)) return false;
    throw err;
  }
}
