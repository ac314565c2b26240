/** Updates (upstream: Update of `generic/registry/store.go` and BeforeUpdate of `registry/rest/update.go`). */
import { badRequest, conflict, notFound } from "../../shared/errors/status-error.ts";
import { clone } from "../../shared/machinery/clone.ts";
import { deepEqual } from "../../shared/machinery/deep-equal.ts";
import { rfc3339 } from "../../shared/process/clock.ts";
import type { KubeObject } from "../../shared/resources/resource.ts";
import { storageKey } from "../storage/keys.ts";
import type { StoredValue } from "../storage/storage.ts";
import { validateObjectMetaUpdate } from "../validation/object-meta.ts";
import { createObject, ttlOf } from "./create.ts";
import { isReadyToGo } from "./deletion-plan.ts";
import { bumpGeneration, keepSystemFields, matchNamespace } from "./object-meta.ts";
import { keepTimes, managedFieldsOf } from "./managed-fields/tracked-write.ts";
import { asObject, type ObjectStrategy, readStored } from "./object-strategy.ts";
import type { UpdateRequest, UpdateResult } from "./registry.ts";
import {
  abortAfter,
  type AdmissionSubject,
  admitMutating,
  admitValidating,
  afterDelete,
  applyDefaults,
  beginHooks,
  sendWarnings,
  storedBytes,
  storedObject,
  throwInvalid,
  metadataErrors,
  type WriteEnvironment,
} from "./write-environment.ts";

export const OPTIMISTIC_LOCK_MESSAGE =
  "the object has been modified; please apply your changes to the latest version and try again";

export type Change = (current: KubeObject | undefined, now: string) => object | Promise<object>;

interface Target {
  readonly strategy: ObjectStrategy;
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

/** Rejects with 400, 403, 404, 409 Conflict, 413 or 422. */
export async function updateObject(
  environment: WriteEnvironment,
  strategy: ObjectStrategy,
  namespace: string,
  name: string,
  change: Change,
  request: UpdateRequest,
): Promise<UpdateResult<KubeObject>> {
  const target = { strategy, namespace, name, key: storageKey(strategy, namespace, name) };
  let current = (await environment.storage.get(target.key)).item;
  for (;;) {
    if (current === undefined) {
      if (request.createIfMissing !== true) throw notFound(strategy.resource, name);
      const draft = await change(undefined, nowOf(environment));
      const created = await createObject(environment, strategy, draft, { ...request, namespace, name });
      return { ...created, wasCreated: true };
    }
    const attempt = await tryUpdate(environment, target, current, change, request);
    if (attempt.kind === "done") return attempt.result;
    current = attempt.current;
  }
}

type Attempt =
  | { readonly kind: "done"; readonly result: UpdateResult<KubeObject> }
  | { readonly kind: "lost"; readonly current: StoredValue | undefined };

async function tryUpdate(
  environment: WriteEnvironment,
  target: Target,
  current: StoredValue,
  change: Change,
  request: UpdateRequest,
): Promise<Attempt> {
  const { strategy, namespace, name } = target;
  const previous = readStored(strategy, current);
  const now = nowOf(environment);
  const draft = asObject(strategy, await change(clone(previous), now));
  checkPreconditions(strategy, draft, previous, name);
  matchNamespace(draft, namespace);
  draft.metadata.name ||= name;
  draft.metadata.resourceVersion = previous.metadata.resourceVersion;
  const next = request.mode === "status" ? withStatusOnly(draft, previous) : draft;
  if (request.mode !== "status" && request.mode !== "raw") applyDefaults(environment, strategy, next);
  // What will be put back anyhow is nobody's.
  if (request.mode === "part") strategy.partSubresources?.[request.subresource ?? ""]?.prepareForUpdate(next, previous);
  // What the server writes on its own account (a binding, an eviction) is nobody's, as upstream.
  const managedFields =
    request.mode === "raw" ? previous.metadata.managedFields : managedFieldsOf(strategy, previous, next, request, now);

  const subject = { operation: "UPDATE", strategy, namespace, name, object: next, oldObject: previous } as const;
  await admitMutating(environment, subject, request);
  next.metadata.managedFields = managedFields;
  const outcome = await beginHooks(environment, strategy, next, previous, request.isDryRun ?? false);
  let attempt: Attempt;
  try {
    await prepareAndValidate(environment, subject, next, previous, request);
    attempt = await write(environment, target, current, next, previous, request);
  } catch (error) {
    await abortAfter(error, outcome);
    throw error;
  }
  const isWritten = attempt.kind === "done" && request.isDryRun !== true;
  await (isWritten ? outcome.committed() : outcome.aborted());
  return attempt;
}

/** 409 when the caller means another object or an older state of it. */
function checkPreconditions(strategy: ObjectStrategy, draft: KubeObject, previous: KubeObject, name: string): void {
  const { uid, resourceVersion } = draft.metadata;
  if (uid !== undefined && uid !== "" && uid !== previous.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${previous.metadata.uid ?? ""}`;
    throw conflict(strategy.resource, name, why);
  }
  if (resourceVersion === undefined || resourceVersion === "" || resourceVersion === "0") {
    if (strategy.allowUnconditionalUpdate === false) {
      const detail = "Invalid value: 0x0: must be specified for an update";
      throwInvalid(strategy, name, [{ reason: "FieldValueInvalid", field: "metadata.resourceVersion", detail }]);
    }
    return;
  }
  if (!/^[0-9]+$/u.test(resourceVersion)) {
    throw badRequest(`invalid resource version "${resourceVersion}": it must be a decimal number`);
  }
  if (resourceVersion !== previous.metadata.resourceVersion) {
    throw conflict(strategy.resource, name, OPTIMISTIC_LOCK_MESSAGE);
  }
}

/** What `/status` may change: the status, labels, annotations and finalizers. */
function withStatusOnly(draft: KubeObject, previous: KubeObject): KubeObject {
  const next: KubeObject & { status?: unknown } = { ...clone(previous), metadata: draft.metadata };
  if ("status" in draft) next.status = draft.status;
  else delete next.status;
  return next;
}

function nowOf({ clock }: WriteEnvironment): string {
  return rfc3339(clock.nowMs());
}

async function prepareAndValidate(
  environment: WriteEnvironment,
  subject: AdmissionSubject,
  next: KubeObject,
  previous: KubeObject,
  request: UpdateRequest,
): Promise<void> {
  const { strategy, name } = subject;
  const origin = { user: request.user, now: nowOf(environment) };
  const status = strategy.statusSubresources?.[request.subresource ?? ""] ?? strategy.status;
  const part = strategy.partSubresources?.[request.subresource ?? ""];
  const rules = request.mode === "part" ? part : strategy;
  keepSystemFields(next, previous);
  if (request.mode === "status") status?.prepareForUpdate?.(next, previous, origin);
  else if (request.mode === "part") part?.prepareForUpdate(next, previous);
  else if (request.mode !== "raw") strategy.prepareForUpdate?.(next, previous, origin);
  if (request.mode !== "raw") bumpGeneration(strategy, next, previous);
  const errors = [...metadataErrors(strategy, next), ...validateObjectMetaUpdate(next.metadata, previous.metadata)];
  if (request.mode === "status") errors.push(...(status?.validateUpdate?.(next, previous) ?? []));
  else if (request.mode !== "raw") {
    errors.push(...(strategy.validate?.(next, previous) ?? []), ...(rules?.validateUpdate?.(next, previous) ?? []));
  }
  throwInvalid(strategy, name, errors);
  sendWarnings(strategy, next, previous, request);
  await admitValidating(environment, subject, request);
}

async function write(
  environment: WriteEnvironment,
  target: Target,
  current: StoredValue,
  next: KubeObject,
  previous: KubeObject,
  request: UpdateRequest,
): Promise<Attempt> {
  const { strategy, key } = target;
  const done = (value: Buffer, revision: number): Attempt => ({
    kind: "done",
    result: Object.assign(storedObject(strategy, value, revision), { wasCreated: false }),
  });
  const isGone = isReadyToGo(strategy, next);
  keepTimes(next, previous);
  if (!isGone && deepEqual(next, previous)) return done(current.value, current.modRevision);
  const value = storedBytes(strategy, next);
  if (request.isDryRun === true) return done(value, current.modRevision);
  const result = isGone
    ? await environment.storage.delete(key, current.modRevision)
    : await environment.storage.update(key, value, current.modRevision, ttlOf(strategy));
  if (result.kind === "conflict") return { kind: "lost", current: result.current };
  if (isGone) await afterDelete(environment, strategy, next);
  return done(value, result.revision);
}
