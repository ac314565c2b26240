import type { Node, Taint } from "../../../shared/api/generated/core/v1.ts";
import { timeOf } from "../../runtime/timestamp.ts";

/**
 * Since when nodes have their `NoExecute` taints. Those that the node controller puts carry their time; one that a
 * user put without a time counts from when it was first seen here, and again after a restart, as upstream.
 */
export class TaintMemory {
  /** By node UID, then by taint. */
  readonly #seen = new Map<string, Map<string, number>>();

  /** Looks at the node as it is now: taints that went away are forgotten. */
  observe({ metadata, spec }: Node, nowMs: number): void {
    const uid = metadata.uid ?? "";
    const untimed = (spec.taints ?? []).filter(
      ({ effect, timeAdded }) => effect === "NoExecute" && timeAdded === undefined,
    );
    if (untimed.length === 0) return void this.#seen.delete(uid);
    const before = this.#seen.get(uid);
    this.#seen.set(uid, new Map(untimed.map((taint) => [keyOf(taint), before?.get(keyOf(taint)) ?? nowMs])));
  }

  sinceMs({ metadata }: Node, taint: Taint, nowMs: number): number {
    return timeOf(taint.timeAdded) ?? this.#seen.get(metadata.uid ?? "")?.get(keyOf(taint)) ?? nowMs;
  }
}

const keyOf = ({ key, value = "" }: Taint): string => `${key}=${value}`;
