/** Every 20 seconds, pods that nobody else will clean up (upstream: `pkg/controller/podgc`). */
import { isNotFound } from "../../../shared/errors/status-error.ts";
import { nodes, pods } from "../../../shared/resources/catalog.ts";
import { defineLoop, type LoopContext } from "../../runtime/define-loop.ts";
import type { RunnableController } from "../../runtime/services.ts";
import { forcedDeletion, orphaned, surplusFinished, unscheduledTerminating } from "./plan.ts";

type Reads = { readonly pods: typeof pods; readonly nodes: typeof nodes };
type Writes = { readonly pods: typeof pods };

const CHECK_EVERY_MS = 20_000;
/** A node that is missing in the cache may just not have arrived: it must stay missing this long, and in a live read. */
const QUARANTINE_MS = 40_000;

export function podGarbageCollector(terminatedPodThreshold: number): RunnableController {
  return defineLoop({
    name: "pod-garbage-collector",
    reads: { pods, nodes },
    writes: { pods },
    run: (context) => runCollector(terminatedPodThreshold, context),
  });
}

async function runCollector(threshold: number, context: LoopContext<Reads, Writes>): Promise<void> {
  const { clock, signal, informers, execute, logger } = context;
  const missingSinceMs = new Map<string, number>();
  while (!signal.aborted) {
    const all = informers.pods.lister.list();
    const gone = await goneNodes(context, missingSinceMs);
    const nowMs = clock.nowMs();
    const deletions = [
      ...surplusFinished(all, threshold).map((pod) => forcedDeletion(pod, undefined, nowMs)),
      ...orphaned(all, gone).map((pod) => forcedDeletion(pod, "PodGC: node no longer exists", nowMs)),
      ...unscheduledTerminating(all).map((pod) => forcedDeletion(pod, undefined, nowMs)),
    ];
    for (const actions of deletions) {
      const outcome = await execute(actions);
      if (outcome.kind === "failed" && !signal.aborted)
        logger.warn({ err: outcome.error }, "a pod could not be cleaned up");
    }
    await clock.sleep(CHECK_EVERY_MS, signal);
  }
}

/** Names of nodes that pods name, and that are surely not there. */
async function goneNodes(
  context: LoopContext<Reads, Writes>,
  missingSinceMs: Map<string, number>,
): Promise<Set<string>> {
  const { clock, informers, client, signal } = context;
  const named = informers.pods.lister
    .list()
    .flatMap(({ spec }) => (spec.nodeName === undefined ? [] : [spec.nodeName]));
  const missing = new Set(
    named.filter((name) => name !== "" && informers.nodes.lister.get(undefined, name) === undefined),
  );
  for (const name of missingSinceMs.keys()) if (!missing.has(name)) missingSinceMs.delete(name);
  const nowMs = clock.monotonicMs();
  const gone = new Set<string>();
  for (const name of missing) {
    const sinceMs = missingSinceMs.get(name) ?? nowMs;
    missingSinceMs.set(name, sinceMs);
    if (nowMs - sinceMs < QUARANTINE_MS) continue;
    try {
      await client.get(nodes, { name }, signal);
    } catch (err) {
      if (isNotFound(err)) gone.add(name);
      else if (signal.aborted) break;
    }
  }
  return gone;
}
