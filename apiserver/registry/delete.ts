/** Deletion (upstream: Delete of `generic/registry/store.go`): executes what `deletion-plan.ts` says. */
import type { DeleteOptions } from "../../shared/api/generated/meta/v1.ts";
import { conflict, forbidden, notFound } from "../../shared/errors/status-error.ts";
import type { KubeObject } from "../../shared/resources/resource.ts";
import { storageKey } from "../storage/keys.ts";
import type { StoredValue } from "../storage/storage.ts";
import { planDeletion } from "./deletion-plan.ts";
import { type ObjectStrategy, readStored, writeStored } from "./object-strategy.ts";
import type { DeleteResult, WriteRequest } from "./registry.ts";
import {
  type AdmissionSubject,
  admitMutating,
  admitValidating,
  afterDelete,
  storedObject,
  type WriteEnvironment,
} from "./write-environment.ts";

/** Rejects with 403, 404 or 409 Conflict (preconditions). */
export async function deleteObject(
  environment: WriteEnvironment,
  strategy: ObjectStrategy,
  namespace: string,
  name: string,
  options: DeleteOptions,
  request: WriteRequest,
): Promise<DeleteResult<KubeObject>> {
  const { storage } = environment;
  const key = storageKey(strategy, namespace, name);
  let current = (await storage.get(key)).item;
  let isAdmitted = false;
  for (;;) {
    if (current === undefined) throw notFound(strategy.resource, name);
    const object = readStored(strategy, current);
    checkDeletePreconditions(strategy, object, options);
    const refusal = strategy.refuseDeletion?.(object);
    if (refusal !== undefined) throw forbidden(strategy.resource, name, refusal);
    const subject = { operation: "DELETE", strategy, namespace, name, object: undefined, oldObject: object } as const;
    if (!isAdmitted) await admit(environment, subject, request);
    isAdmitted = true;
    const attempt = await tryDelete(environment, strategy, key, current, object, options, request);
    if (attempt.kind === "done") return attempt.result;
    current = attempt.current;
  }
}

async function admit(environment: WriteEnvironment, subject: AdmissionSubject, request: WriteRequest): Promise<void> {
  await admitMutating(environment, subject, request);
  await admitValidating(environment, subject, request);
}

/** 409 when it is not the object that the caller means. */
function checkDeletePreconditions(strategy: ObjectStrategy, object: KubeObject, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const { name, uid: actualUid = "", resourceVersion: actualVersion = "" } = object.metadata;
  if (uid !== undefined && uid !== actualUid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${actualUid}`;
    throw conflict(strategy.resource, name, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== actualVersion) {
    const why = `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${actualVersion}`;
    throw conflict(strategy.resource, name, why);
  }
}

type Attempt =
  | { readonly kind: "done"; readonly result: DeleteResult<KubeObject> }
  | { readonly kind: "lost"; readonly current: StoredValue | undefined };

async function tryDelete(
  environment: WriteEnvironment,
  strategy: ObjectStrategy,
  key: string,
  current: StoredValue,
  object: KubeObject,
  options: DeleteOptions,
  request: WriteRequest,
): Promise<Attempt> {
  const { storage, clock } = environment;
  const plan = planDeletion(strategy, object, options, clock.nowMs());
  const done = (value: Buffer, revision: number, isGone: boolean): Attempt => ({
    kind: "done",
    result: { ...storedObject(strategy, value, revision), isGone },
  });
  switch (plan.kind) {
    case "pending":
      return done(current.value, current.modRevision, false);
    case "mark": {
      const value = writeStored(strategy, plan.next);
      if (request.isDryRun === true) return done(value, current.modRevision, false);
      const result = await storage.update(key, value, current.modRevision);
      if (result.kind === "conflict") return { kind: "lost", current: result.current };
      return done(value, result.revision, false);
    }
    case "remove": {
      if (request.isDryRun === true) return done(current.value, current.modRevision, true);
      const result = await storage.delete(key, current.modRevision);
      if (result.kind === "conflict") return { kind: "lost", current: result.current };
      await afterDelete(environment, strategy, object);
      return done(current.value, result.revision, true);
    }
  }
}
