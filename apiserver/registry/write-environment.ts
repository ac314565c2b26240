import type { FieldError } from "../../shared/errors/status-error.ts";
import { invalid, StatusError } from "../../shared/errors/status-error.ts";
import type { Clock } from "../../shared/process/clock.ts";
import { groupResourceOf, type KubeObject } from "../../shared/resources/resource.ts";
import type { AdmissionOperation, AdmissionPlugin, AdmissionRequest } from "../admission/admission.ts";
import { mutateThrough, validateThrough } from "../admission/chain.ts";
import { withRevision } from "../storage/codec.ts";
import { type Storage, StorageUnavailableError } from "../storage/storage.ts";
import { validateObjectMeta } from "../validation/object-meta.ts";
import { propagationErrors } from "./finalizers.ts";
import { type ObjectStrategy, readStored, writeStored } from "./object-strategy.ts";
import type { StoredObject, WriteRequest } from "./registry.ts";
import type { WriteHook, WriteOutcome } from "./write-hook.ts";

/** Largest object that is stored: etcd's own limit of a request. */
const OBJECT_BYTES_MAX = 1_572_864;

/** What the flows of create, update and delete work with. */
export interface WriteEnvironment {
  readonly storage: Storage;
  readonly admission: readonly AdmissionPlugin[];
  readonly hooks: readonly WriteHook[];
  readonly clock: Clock;
  newUid(): string;
  /** Fills in what the schema declares; the strategy's own defaults come after it. */
  applySchemaDefaults(gvk: { group: string; version: string; kind: string }, object: KubeObject): void;
}

export function applyDefaults(environment: WriteEnvironment, strategy: ObjectStrategy, object: KubeObject): void {
  environment.applySchemaDefaults(strategy.resource, object);
  strategy.defaults?.(object);
}

export interface AdmissionSubject {
  readonly operation: AdmissionOperation;
  readonly strategy: ObjectStrategy;
  readonly namespace: string;
  readonly name: string;
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
}

function admissionRequest(subject: AdmissionSubject, request: WriteRequest): AdmissionRequest {
  const { operation, strategy, namespace, name, object, oldObject } = subject;
  return {
    operation,
    resource: strategy.resource,
    subresource: request.subresource ?? "",
    namespace,
    name,
    object,
    oldObject,
    user: request.user,
    isDryRun: request.isDryRun ?? false,
    warn: (text) => request.warn?.(text),
  };
}

export function admitMutating(
  environment: WriteEnvironment,
  subject: AdmissionSubject,
  request: WriteRequest,
): Promise<void> {
  return mutateThrough(environment.admission, admissionRequest(subject, request));
}

export function admitValidating(
  environment: WriteEnvironment,
  subject: AdmissionSubject,
  request: WriteRequest,
): Promise<void> {
  return validateThrough(environment.admission, admissionRequest(subject, request));
}

const NOTHING: WriteOutcome = { committed: () => Promise.resolve(), aborted: () => Promise.resolve() };

/** Begins the side effects of a write of that resource; the hooks before a failing one are undone. */
export async function beginHooks(
  environment: WriteEnvironment,
  strategy: ObjectStrategy,
  next: KubeObject,
  previous: KubeObject | undefined,
  isDryRun: boolean,
): Promise<WriteOutcome> {
  const name = groupResourceOf(strategy.resource);
  const hooks = environment.hooks.filter((hook) => hook.groupResource === name);
  if (hooks.length === 0) return NOTHING;
  const begun: WriteOutcome[] = [];
  const all = (act: (one: WriteOutcome) => Promise<void>) => async (): Promise<void> => {
    for (const outcome of begun) await act(outcome);
  };
  const aborted = all((one) => one.aborted());
  try {
    for (const hook of hooks) begun.push(await hook.begin(next, previous, isDryRun));
  } catch (error) {
    await aborted();
    throw error;
  }
  return { committed: all((one) => one.committed()), aborted };
}

/** Undoes side effects, unless nobody knows whether the write happened: then they stay (S5), to be repaired later. */
export async function abortAfter(error: unknown, outcome: WriteOutcome): Promise<void> {
  if (!(error instanceof StorageUnavailableError)) await outcome.aborted();
}

/** Tells the hooks that it is gone from the store. */
export async function afterDelete(
  environment: WriteEnvironment,
  strategy: ObjectStrategy,
  deleted: KubeObject,
): Promise<void> {
  const name = groupResourceOf(strategy.resource);
  for (const hook of environment.hooks) if (hook.groupResource === name) await hook.afterDelete(deleted);
}

/** What is wrong with the metadata of an object that is about to be stored. */
export function metadataErrors(strategy: ObjectStrategy, object: KubeObject): FieldError[] {
  const rules = { scope: strategy.resource.scope, validateName: strategy.validateName?.bind(strategy) };
  return [...validateObjectMeta(object.metadata, rules), ...propagationErrors(object)];
}

/** 422 when there are errors. */
export function throwInvalid(strategy: ObjectStrategy, name: string, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid(strategy.resource, name, errors);
}

export function sendWarnings(
  strategy: ObjectStrategy,
  next: KubeObject,
  previous: KubeObject | undefined,
  request: WriteRequest,
): void {
  for (const text of strategy.warnings?.(next, previous) ?? []) request.warn?.(text);
}

/** What is stored of an object. One that is too large goes without its managed fields first; then it is 413. */
export function storedBytes(strategy: ObjectStrategy, object: KubeObject): Buffer {
  const whole = writeStored(strategy, object);
  if (whole.length <= OBJECT_BYTES_MAX) return whole;
  delete object.metadata.managedFields;
  const bytes = writeStored(strategy, object);
  if (bytes.length <= OBJECT_BYTES_MAX) return bytes;
  throw new StatusError("RequestEntityTooLarge", `Request entity too large: limit is ${OBJECT_BYTES_MAX}`);
}

/** What the caller gets: the object as it is stored at `revision`, decoded when somebody looks at it. */
export function storedObject(strategy: ObjectStrategy, value: Buffer, revision: number): StoredObject<KubeObject> {
  let decoded: KubeObject | undefined;
  const decode = (): KubeObject =>
    (decoded ??= readStored(strategy, { key: "", value, modRevision: revision, createRevision: 0 }));
  const isStoredForm = strategy.conversion === undefined;
  return {
    json: isStoredForm ? withRevision(value, revision) : Buffer.from(JSON.stringify(decode())),
    get object() {
      return decode();
    },
  };
}
