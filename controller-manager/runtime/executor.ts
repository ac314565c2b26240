/**
 * Does what a plan says. It owns what is hard about writing, once for all controllers.
 *
 * Invariants:
 * X1 Creates start slowly: 1, 2, 4, … at a time, so that a quota or a broken webhook costs few requests; the first
 *    failing batch ends the plan.
 * X2 Every delete and patch is bound to the UID that was planned for, every update to its revision: a plan made from
 *    a stale cache harms nobody.
 * X3 What lies in the past is no failure: deleting what is gone, creating in a namespace that is being deleted.
 * X4 What rests on something not being there is asked of the server: caches hear of new objects late.
 */
import type { ApiClient } from "../../shared/client/api-client.ts";
import { isAlreadyExists, isConflict, isNotFound, StatusError } from "../../shared/errors/status-error.ts";
import type { KubeObject, Resource } from "../../shared/resources/resource.ts";
import type { Absence, ActionFailure, AnyAction, PlannedEvent } from "./plan.ts";
import type { ResourceMap } from "./resource-map.ts";

export interface Written {
  readonly resource: Resource<KubeObject>;
  readonly verb: AnyAction["verb"];
  /** As planned (delete, patch) or as answered. */
  readonly target: KubeObject;
  /** The server's answer; nothing when the object is gone. */
  readonly answer: KubeObject | undefined;
}

export interface ExecutorOptions {
  readonly client: ApiClient;
  readonly writes: ResourceMap;
  readonly signal: AbortSignal;
  /** Hears of every successful write, before the next one starts. */
  readonly onWritten: (written: Written) => void;
  /** Writes an event about the reconciled object. */
  readonly onEvent: (event: PlannedEvent) => void;
  /** Live read of the reconciled object, for adoptions. */
  readonly isOwnerLive: () => Promise<boolean>;
}

export type Outcome =
  | { readonly kind: "done" }
  /** The plan was made from a state that is over: plan again. */
  | { readonly kind: "stale"; readonly error: unknown }
  | { readonly kind: "failed"; readonly error: unknown; readonly failure: ActionFailure };

/** Writes of one kind that run at a time. */
const PARALLEL_WRITES_MAX = 64;

type ActionResult = "done" | "stale" | { readonly error: unknown };

export async function execute(actions: readonly AnyAction[], options: ExecutorOptions): Promise<Outcome> {
  let rest = [...actions];
  while (rest.length > 0) {
    const first = rest[0];
    if (first === undefined) break;
    const size = neighbours(rest);
    const outcome = await executeRun(rest.slice(0, size), options);
    if (outcome.kind !== "done") return outcome;
    rest = rest.slice(size);
  }
  return { kind: "done" };
}

/** How many actions at the start go together. */
function neighbours(actions: readonly AnyAction[]): number {
  const first = actions[0];
  const other = actions.findIndex((action) => action.verb !== first?.verb || action.resource !== first.resource);
  return other === -1 ? actions.length : other;
}

/** X1 */
async function executeRun(run: readonly AnyAction[], options: ExecutorOptions): Promise<Outcome> {
  let batchSize = run[0]?.verb === "create" ? 1 : PARALLEL_WRITES_MAX;
  for (let start = 0; start < run.length; start += batchSize, batchSize *= 2) {
    const batch = run.slice(start, start + batchSize);
    const results = await Promise.all(batch.map((action) => attempt(action, options)));
    const failed = results.findIndex((result) => typeof result === "object");
    const [action, result] = [batch[failed], results[failed]];
    if (action !== undefined && typeof result === "object") return outcomeOf(action, result.error);
    if (results.includes("stale")) return { kind: "stale", error: undefined };
  }
  return { kind: "done" };
}

function outcomeOf(action: AnyAction, error: unknown): Outcome {
  if (isConflict(error)) return { kind: "stale", error };
  const message = error instanceof Error ? error.message : String(error);
  return { kind: "failed", error, failure: { verb: action.verb, resource: action.resource, message } };
}

async function attempt(action: AnyAction, options: ExecutorOptions): Promise<ActionResult> {
  try {
    options.signal.throwIfAborted();
    if (action.verb === "patch" && action.needsLiveOwner === true && !(await options.isOwnerLive())) return "stale";
    if (action.needsAbsence !== undefined && !(await isAbsent(action.needsAbsence, options))) return "stale";
    const written = await write(action, options);
    options.onWritten(written);
    report(action.onSuccess, { name: written.target.metadata.name }, options);
    return "done";
  } catch (error) {
    if (isInThePast(action, error)) return "done";
    if (action.verb !== "create" && isNotFound(error)) return "stale";
    // What was to be created under that name is there: the cache will show it.
    if (action.verb === "create" && action.object.metadata?.name !== undefined && isAlreadyExists(error))
      return "stale";
    if (!isConflict(error) && !options.signal.aborted) {
      const message = error instanceof Error ? error.message : String(error);
      report(action.onFailure, { name: nameOf(action), error: message }, options);
    }
    return { error };
  }
}

/** X4 */
async function isAbsent(absence: Absence, { client, signal }: ExecutorOptions): Promise<boolean> {
  const { resource, namespace, name, uid, matches } = absence;
  if (name === undefined) {
    const { items } = await client.list(resource, { namespace, signal });
    return !items.some((object) => matches?.(object) ?? true);
  }
  try {
    const live = await client.get(resource, { namespace, name }, signal);
    return uid !== undefined && live.metadata.uid !== uid;
  } catch (err) {
    if (isNotFound(err)) return true;
    throw err;
  }
}

/** X3 */
function isInThePast(action: AnyAction, error: unknown): boolean {
  if (action.verb === "delete") return isNotFound(error);
  if (action.verb !== "create" || !(error instanceof StatusError)) return false;
  return error.details?.causes?.some((cause) => cause.reason === "NamespaceTerminating") === true;
}

async function write(action: AnyAction, { client, writes, signal }: ExecutorOptions): Promise<Written> {
  const resource = writes[action.resource];
  if (resource === undefined) throw new Error(`${action.resource} is not declared to be written`);
  const written = (target: KubeObject, answer: KubeObject | undefined): Written => ({
    resource,
    verb: action.verb,
    target,
    answer,
  });
  switch (action.verb) {
    case "create": {
      const answer = await client.create(resource, action.object, { signal });
      return written(answer, answer);
    }
    case "update": {
      const answer = await client.update(resource, action.object, { signal });
      return written(action.object, answer);
    }
    case "updateStatus": {
      const answer = await client.updateStatus(resource, action.object, { signal });
      return written(action.object, answer);
    }
    case "patch": {
      const { target, patchType, subresource } = action;
      const patch = boundToUid(action.patch, target.metadata.uid);
      const options = { signal, ...(subresource === undefined ? {} : { subresource }) };
      return written(target, await client.patch(resource, target.metadata, patchType, patch, options));
    }
    case "delete": {
      const { target, gracePeriodSeconds, propagationPolicy } = action;
      const { uid, resourceVersion } = target.metadata;
      const preconditions = { uid, ...(action.needsSameRevision === true ? { resourceVersion } : {}) };
      const body = { preconditions, gracePeriodSeconds, propagationPolicy };
      return written(target, await client.delete(resource, target.metadata, body, signal));
    }
    default:
      return action satisfies never;
  }
}

/** X2: a patch that names another UID than the object has is refused by the server. */
function boundToUid(patch: unknown, uid: string | undefined): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch) || uid === undefined) return patch;
  const metadata = "metadata" in patch && typeof patch.metadata === "object" ? patch.metadata : {};
  return { ...patch, metadata: { ...metadata, uid } };
}

function nameOf(action: AnyAction): string {
  const object = "target" in action ? action.target : action.object;
  return object.metadata?.name ?? "";
}

function report(
  event: PlannedEvent | undefined,
  values: Readonly<Record<string, string>>,
  options: ExecutorOptions,
): void {
  if (event === undefined) return;
  const message = event.message.replace(/\$(name|error)\b/g, (_, key: string) => values[key] ?? "");
  options.onEvent({ ...event, message });
}
