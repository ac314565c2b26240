/** `pods/eviction` (upstream: `pkg/registry/core/pod/storage/eviction.go`): a delete that asks the budgets first. */
import type { Pod } from "../../../shared/api/generated/core/v1.ts";
import type { DeleteOptions, ObjectMeta } from "../../../shared/api/generated/meta/v1.ts";
import type { Eviction, PodDisruptionBudget } from "../../../shared/api/generated/policy/v1.ts";
import { badRequest, conflict, hasReason, notFound, StatusError } from "../../../shared/errors/status-error.ts";
import { setCondition } from "../../../shared/machinery/conditions.ts";
import { type Clock, rfc3339 } from "../../../shared/process/clock.ts";
import { podDisruptionBudgets, pods } from "../../../shared/resources/catalog.ts";
import type { AdmissionPlugin } from "../../admission/admission.ts";
import { validateThrough } from "../../admission/chain.ts";
import { sendObject } from "../../http/respond.ts";
import type { Registry, UpdateRequest, WriteRequest } from "../../registry/registry.ts";
import type { AnyStrategy } from "../../registry/strategy.ts";
import type { ObjectReader } from "../../watch-cache/object-reader.ts";
import type { Handler } from "../handler.ts";
import { readReview } from "../reviews/read-review.ts";
import { readWriteOptions } from "../write-options.ts";
import { budgetsOf, isBeyondBudget, isStillProcessed, isUnhealthyAndFree, spendBudget } from "./disruption-budget.ts";

const EVICTION = { group: "policy", version: "v1", kind: "Eviction" };
const CREATED = 201;
/** How often a pod that changes under our hands is read again. */
const ATTEMPTS_MAX = 20;
/** As upstream names it where it checks preconditions. */
const POD = { group: "", plural: "Pod" };
const ENDED = new Set(["Succeeded", "Failed"]);

export interface EvictionDependencies {
  readonly registry: Registry;
  readonly reader: ObjectReader;
  readonly clock: Clock;
  /** Asked whether this caller may evict that pod. */
  readonly admission: readonly AdmissionPlugin[];
  /** Budgets are honoured when their kind is among the served ones. */
  readonly strategies: readonly AnyStrategy[];
}

/** One eviction, as it was asked for. */
interface Task extends EvictionDependencies {
  readonly namespace: string;
  readonly name: string;
  readonly options: DeleteOptions;
  readonly request: WriteRequest;
}

/** Takes one disruption from the budget that covers the pod, if any does; tells of one that lets it go for nothing. */
async function askBudgets(task: Task, pod: Pod): Promise<PodDisruptionBudget | undefined> {
  const { registry, reader, clock, strategies, namespace, request } = task;
  if (!strategies.some(({ resource }) => resource.plural === podDisruptionBudgets.plural)) return undefined;
  const [budget, ...more] = budgetsOf(pod, reader.list(podDisruptionBudgets, namespace));
  if (budget === undefined) return undefined;
  if (more.length > 0) {
    const text = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
    throw new StatusError("", text, { code: 500 });
  }
  if (isUnhealthyAndFree(pod, budget)) return budget;
  const spend = (current: PodDisruptionBudget | undefined): PodDisruptionBudget =>
    spendBudget(current ?? budget, pod.metadata.name, clock.nowMs());
  const write: UpdateRequest = { ...request, subresource: "status", mode: "status" };
  await registry.update(podDisruptionBudgets, namespace, budget.metadata.name, spend, write);
  return undefined;
}

/** 409 when it is not the pod, or not the state of it, that the caller means. */
function checkPreconditions({ metadata }: Pod, { preconditions }: DeleteOptions): void {
  const { uid = "", resourceVersion = "" } = preconditions ?? {};
  const differs = (what: string, wanted: string, found: string, guess: string): StatusError => {
    const why = `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${found}). The object might have been ${guess}`;
    return conflict(POD, metadata.name, why);
  };
  const { uid: ownUid = "", resourceVersion: ownVersion = "" } = metadata;
  if (uid !== "" && uid !== ownUid) throw differs("UID", uid, ownUid, "deleted and then recreated");
  if (resourceVersion !== "" && resourceVersion !== ownVersion)
    throw differs("ResourceVersion", resourceVersion, ownVersion, "modified");
}

/** Tells owners and observers why the pod goes; gives its new revision. */
async function markDisrupted(task: Task, options: DeleteOptions): Promise<string | undefined> {
  const { registry, clock, namespace, name, request } = task;
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting",
    lastTransitionTime: rfc3339(clock.nowMs()),
  };
  const mark = (pod: Pod | undefined): Pod => {
    if (pod === undefined) throw notFound(pods, name);
    checkPreconditions(pod, options);
    return { ...pod, status: { ...pod.status, conditions: setCondition(pod.status?.conditions, condition) } };
  };
  const write: UpdateRequest = { ...request, subresource: "status", mode: "status" };
  const { object } = await registry.update(pods, namespace, name, mark, write);
  return object.metadata.resourceVersion;
}

/** Deletes the pod; only the very state that was seen, when `isAsSeen`. */
async function remove(task: Task, pod: Pod, isAsSeen: boolean): Promise<void> {
  const { registry, namespace, name, options, request } = task;
  const { uid, resourceVersion = isAsSeen ? pod.metadata.resourceVersion : undefined } = options.preconditions ?? {};
  const asked: DeleteOptions = { ...options, preconditions: { uid: uid ?? pod.metadata.uid, resourceVersion } };
  const marked = request.isDryRun === true ? resourceVersion : await markDisrupted(task, asked);
  // The mark has changed the revision: it takes the place of the one that was checked.
  const revision = resourceVersion === undefined ? undefined : marked;
  const preconditions = { uid: asked.preconditions?.uid, resourceVersion: revision };
  await registry.delete(pods, namespace, name, { ...asked, preconditions }, { ...request, subresource: "" });
}

/** A pod that disrupts nothing goes at once, as long as it stays that way. Gives the pod when it does not. */
async function removeBeyondBudget(task: Task): Promise<Pod | undefined> {
  for (let attempt = 1; ; attempt++) {
    const { object: pod } = await task.registry.get(pods, task.namespace, task.name);
    if (!isBeyondBudget(pod)) return pod;
    const isAtEnd = pod.metadata.deletionTimestamp !== undefined || ENDED.has(pod.status?.phase ?? "");
    try {
      await remove(task, pod, !isAtEnd);
      return undefined;
    } catch (error) {
      const isLast = attempt === ATTEMPTS_MAX || task.options.preconditions?.resourceVersion !== undefined;
      if (isLast || !hasReason(error, "Conflict")) throw error;
    }
  }
}

async function evict(task: Task): Promise<void> {
  const pod = await removeBeyondBudget(task);
  if (pod === undefined) return;
  const budget = await askBudgets(task, pod);
  try {
    await remove(task, pod, budget !== undefined);
  } catch (error) {
    // It may have become ready since: the caller tries again, and is counted then.
    const isOurs = budget !== undefined && task.options.preconditions?.resourceVersion === undefined;
    throw isOurs && hasReason(error, "Conflict") ? isStillProcessed(budget) : error;
  }
}

export function createEvictionHandler(dependencies: EvictionDependencies): Handler {
  const { registry } = dependencies;
  return async (context, { namespace, name }) => {
    const eviction = await readReview<Eviction>(context, EVICTION);
    const metadata: ObjectMeta | undefined = eviction.metadata;
    if (metadata?.name !== name) throw badRequest("name in URL does not match name in Eviction object");
    const options = eviction.deleteOptions ?? {};
    const asked = readWriteOptions(context, "CreateOptions").request;
    const isDryRun = asked.isDryRun === true || (options.dryRun ?? []).length > 0;
    const request: WriteRequest = { ...asked, isDryRun };
    await registry.get(pods, namespace, name);
    await validateThrough(dependencies.admission, {
      operation: "CREATE",
      resource: pods,
      subresource: "eviction",
      namespace,
      name,
      object: { ...eviction, metadata: { ...metadata, name } },
      oldObject: undefined,
      user: context.user,
      isDryRun,
      warn: (text) => context.warnings.push(text),
    });
    await evict({ ...dependencies, namespace, name, options, request });
    sendObject(context, CREATED, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: CREATED });
  };
}
