/** Creation (upstream: Create of `generic/registry/store.go` and BeforeCreate of `registry/rest/create.go`). */
import { alreadyExists, badRequest } from "../../shared/errors/status-error.ts";
import { clone } from "../../shared/machinery/clone.ts";
import { rfc3339 } from "../../shared/process/clock.ts";
import type { KubeObject } from "../../shared/resources/resource.ts";
import { storageKey } from "../storage/keys.ts";
import { generatedName, generatedNameConflict, NAME_ATTEMPTS } from "./generated-name.ts";
import { fillSystemFields, matchNamespace } from "./object-meta.ts";
import { managedFieldsOf } from "./managed-fields/tracked-write.ts";
import { asObject, type ObjectStrategy } from "./object-strategy.ts";
import type { CreateRequest, StoredObject } from "./registry.ts";
import {
  type AdmissionSubject,
  abortAfter,
  admitMutating,
  admitValidating,
  applyDefaults,
  beginHooks,
  sendWarnings,
  storedBytes,
  storedObject,
  throwInvalid,
  metadataErrors,
  type WriteEnvironment,
} from "./write-environment.ts";

/** Rejects with 400, 403, 409 AlreadyExists, 413 or 422. */
export async function createObject(
  environment: WriteEnvironment,
  strategy: ObjectStrategy,
  draft: object,
  request: CreateRequest,
): Promise<StoredObject<KubeObject>> {
  const object = asObject(strategy, clone(draft));
  const { metadata } = object;
  if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== "" && metadata.resourceVersion !== "0") {
    throw badRequest("resourceVersion should not be set on objects to be created");
  }
  delete metadata.resourceVersion;
  const namespace = strategy.resource.scope === "Cluster" ? "" : (request.namespace ?? metadata.namespace ?? "");
  matchNamespace(object, namespace);
  if (request.name !== undefined) metadata.name ||= request.name;
  const now = rfc3339(environment.clock.nowMs());
  fillSystemFields(object, environment.newUid(), now);
  const isGenerated = metadata.name === "" && (metadata.generateName ?? "") !== "";
  if (isGenerated) metadata.name = generatedName(metadata.generateName ?? "", () => environment.clock.random());
  applyDefaults(environment, strategy, object);
  const managedFields = managedFieldsOf(strategy, undefined, object, request, now);

  const subject = {
    operation: "CREATE",
    strategy,
    namespace,
    name: metadata.name,
    object,
    oldObject: undefined,
  } as const;
  await admitMutating(environment, subject, request);
  strategy.prepareForCreate?.(object, { user: request.user, now });
  if (strategy.hasGeneration === true) metadata.generation = 1;
  metadata.managedFields = managedFields;
  for (let attempt = 1; ; attempt++) {
    const created = await tryCreate(environment, subject, object, request);
    if (created !== undefined) return created;
    if (!isGenerated) throw alreadyExists(strategy.resource, metadata.name);
    if (attempt >= NAME_ATTEMPTS) throw generatedNameConflict(strategy.resource, metadata.name);
    metadata.name = generatedName(metadata.generateName ?? "", () => environment.clock.random());
  }
}

/** Nothing when the name is taken. */
async function tryCreate(
  environment: WriteEnvironment,
  subject: AdmissionSubject,
  object: KubeObject,
  request: CreateRequest,
): Promise<StoredObject<KubeObject> | undefined> {
  const { strategy } = subject;
  const isDryRun = request.isDryRun ?? false;
  const outcome = await beginHooks(environment, strategy, object, undefined, isDryRun);
  let created: StoredObject<KubeObject> | undefined;
  try {
    throwInvalid(strategy, object.metadata.name, [
      ...metadataErrors(strategy, object),
      ...(strategy.validate?.(object) ?? []),
      ...(strategy.validateCreate?.(object) ?? []),
    ]);
    sendWarnings(strategy, object, undefined, request);
    await admitValidating(environment, { ...subject, name: object.metadata.name }, request);
    created = await store(environment, strategy, object, isDryRun);
  } catch (error) {
    await abortAfter(error, outcome);
    throw error;
  }
  await (created === undefined || isDryRun ? outcome.aborted() : outcome.committed());
  return created;
}

async function store(
  environment: WriteEnvironment,
  strategy: ObjectStrategy,
  object: KubeObject,
  isDryRun: boolean,
): Promise<StoredObject<KubeObject> | undefined> {
  const { storage } = environment;
  const key = storageKey(strategy, object.metadata.namespace, object.metadata.name);
  const value = storedBytes(strategy, object);
  if (isDryRun) {
    const { item } = await storage.get(key);
    return item === undefined ? { object, json: Buffer.from(JSON.stringify(object)) } : undefined;
  }
  const result = await storage.create(key, value, ttlOf(strategy));
  return result.kind === "written" ? storedObject(strategy, value, result.revision) : undefined;
}

export function ttlOf(strategy: ObjectStrategy): { ttlSeconds?: number } {
  return strategy.ttlSeconds === undefined ? {} : { ttlSeconds: strategy.ttlSeconds };
}
