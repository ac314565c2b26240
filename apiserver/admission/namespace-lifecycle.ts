/**
 * NamespaceLifecycle (apiserver `pkg/admission/plugin/namespace/lifecycle`): objects are created and changed only in
 * namespaces that exist, nothing new comes into one that is going away, and three namespaces never go.
 *
 * N1  A namespace that was deleted through this process is read from the store for a while: the cache may not show
 *     yet that it is terminating.
 */
import type { Namespace } from "../../shared/api/generated/core/v1.ts";
import { notFound } from "../../shared/errors/status-error.ts";
import type { Clock } from "../../shared/process/clock.ts";
import { localSubjectAccessReviews, namespaces } from "../../shared/resources/catalog.ts";
import type { Storage } from "../storage/storage.ts";
import type { ObjectReader } from "../watch-cache/object-reader.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import { isAbout, refuse } from "./refusal.ts";
import { storedObject } from "./stored-object.ts";

const IMMORTAL_NAMESPACES: ReadonlySet<string> = new Set(["default", "kube-system", "kube-public"]);
/** Longer than any watch cache lags. */
const DISTRUST_CACHE_MS = 30_000;

export interface NamespaceLifecycleOptions {
  readonly reader: ObjectReader;
  readonly storage: Storage;
  readonly clock: Clock;
}

function beingTerminated(request: AdmissionRequest): Error {
  const { namespace } = request;
  return refuse(request, `unable to create new content in namespace ${namespace} because it is being terminated`, [
    {
      reason: "NamespaceTerminating",
      message: `namespace ${namespace} is being terminated`,
      field: "metadata.namespace",
    },
  ]);
}

export function namespaceLifecycle({ reader, storage, clock }: NamespaceLifecycleOptions): AdmissionPlugin {
  const deletedAtMs = new Map<string, number>();

  const rememberDeletion = (name: string): void => {
    const now = clock.nowMs();
    for (const [known, at] of deletedAtMs) if (now - at > DISTRUST_CACHE_MS) deletedAtMs.delete(known);
    deletedAtMs.set(name, now);
  };

  const isDistrusted = (name: string): boolean => {
    const at = deletedAtMs.get(name);
    return at !== undefined && clock.nowMs() - at <= DISTRUST_CACHE_MS;
  };

  const find = async (name: string): Promise<Namespace | undefined> => {
    const cached = isDistrusted(name) ? undefined : reader.get(namespaces, undefined, name);
    return cached ?? (await storedObject(storage, namespaces, "", name));
  };

  return {
    name: "NamespaceLifecycle",
    mutate: async (request) => {
      const isNamespace = isAbout(request, namespaces);
      if (isNamespace && request.operation === "DELETE") {
        if (IMMORTAL_NAMESPACES.has(request.name)) throw refuse(request, "this namespace may not be deleted");
        rememberDeletion(request.name);
      }
      if (isNamespace || request.namespace === "" || request.operation === "DELETE") return;
      if (isAbout(request, localSubjectAccessReviews)) return;
      const namespace = await find(request.namespace);
      if (namespace === undefined) throw notFound(namespaces, request.namespace);
      const isTerminating =
        namespace.status?.phase === "Terminating" || namespace.metadata.deletionTimestamp !== undefined;
      if (request.operation === "CREATE" && isTerminating) throw beingTerminated(request);
    },
  };
}
