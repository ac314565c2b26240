/** Empties namespaces that are being deleted, and then lets them go (upstream: `pkg/controller/namespace`). */
import type { Namespace } from "../../../shared/api/generated/core/v1.ts";
import { isConflict, isNotFound } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { namespaces } from "../../../shared/resources/catalog.ts";
import { defineLoop, type LoopContext, workOn } from "../../runtime/define-loop.ts";
import { deletionConditions } from "./conditions-plan.ts";
import { deleteContent } from "./delete-content.ts";

type Namespaces = { readonly namespaces: typeof namespaces };

const FINALIZER = "kubernetes";
const WORKERS = 10;
/** A pass that leaves something comes again after half the wait at the latest, and at least this often. */
const WAIT_MS_MAX = 5000;
const WAIT_MS_MIN = 250;

const finalizersOf = ({ spec }: Partial<Namespace>): readonly string[] => spec?.finalizers ?? [];

export const namespaceController = defineLoop({
  name: "namespace-controller",
  reads: { namespaces },
  writes: { namespaces },
  rules: [
    { apiGroups: ["*"], resources: ["*"], verbs: ["delete", "deletecollection", "get", "list"] },
    { apiGroups: [""], resources: ["namespaces/finalize"], verbs: ["update"] },
    { nonResourceURLs: ["/api", "/api/*", "/apis", "/apis/*"], verbs: ["get"] },
  ],
  run: async (context) => {
    const { informers, clock } = context;
    const queue = context.createQueue("namespace");
    const look = (namespace: Namespace): void => {
      if (namespace.metadata.deletionTimestamp !== undefined) queue.add(namespace.metadata.name);
    };
    const removeHandlers = informers.namespaces.addHandlers({ onAdd: look, onUpdate: look });
    const startedAtMs = new Map<string, number>();
    const work = async (name: string): Promise<void> => {
      const nowMs = clock.monotonicMs();
      const sinceMs = startedAtMs.get(name) ?? nowMs;
      startedAtMs.set(name, sinceMs);
      const waitSeconds = await emptyNamespace(name, context);
      if (waitSeconds === undefined) return void startedAtMs.delete(name);
      // Short waits at first: most things go at once, and then less and less often.
      const soonMs = Math.max(WAIT_MS_MIN, Math.min(nowMs - sinceMs, WAIT_MS_MAX));
      queue.addAfter(name, Math.min(soonMs, (waitSeconds * 1000) / 2 + 1000));
    };
    await workOn(queue, WORKERS, work, context);
    removeHandlers();
  },
});

/** One pass. Resolves with the seconds to wait for the next, or with nothing when the namespace is on its way out. */
async function emptyNamespace(name: string, context: LoopContext<Namespaces, Namespaces>): Promise<number | undefined> {
  const { client, clock, signal } = context;
  let namespace: Namespace;
  try {
    namespace = await client.get(namespaces, { name }, signal);
  } catch (err) {
    if (isNotFound(err)) return undefined;
    throw err;
  }
  if (namespace.metadata.deletionTimestamp === undefined || !finalizersOf(namespace).includes(FINALIZER))
    return undefined;
  const pass = await deleteContent(client, name, signal);
  const conditions = deletionConditions(namespace.status?.conditions ?? [], pass, clock.nowMs());
  const isEmpty =
    pass.waitSeconds === undefined && pass.deletionFailures.length === 0 && pass.discoveryFailures.length === 0;
  try {
    if (!isEmpty && !deepEqual(namespace.status?.conditions, conditions)) {
      const status = { ...namespace.status, phase: "Terminating", conditions };
      await client.updateStatus(namespaces, { ...namespace, status }, { signal });
    }
    if (isEmpty) await finalize(namespace, context);
  } catch (err) {
    // Somebody changed the namespace, or it is gone: the next pass sees how it stands.
    if (!isConflict(err) && !isNotFound(err)) throw err;
    return isNotFound(err) ? undefined : 0;
  }
  return isEmpty ? undefined : (pass.waitSeconds ?? 0);
}

async function finalize(namespace: Namespace, { client, signal }: LoopContext<Namespaces, Namespaces>): Promise<void> {
  const finalizers = finalizersOf(namespace).filter((each) => each !== FINALIZER);
  const body = { ...namespace, apiVersion: "v1", kind: "Namespace", spec: { ...namespace.spec, finalizers } };
  await client.writeSubresource(namespaces, namespace.metadata, "finalize", "PUT", body, { signal });
}
