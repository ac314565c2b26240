/** `pods/eviction` (upstream: `pkg/registry/core/pod/storage/eviction.go`): a delete that asks the budgets first. */
import type { Pod } from "../../../shared/api/generated/core/v1.ts";
import type { DeleteOptions, ObjectMeta } from "../../../shared/api/generated/meta/v1.ts";
import type { Eviction, PodDisruptionBudget } from "../../../shared/api/generated/policy/v1.ts";
import { badRequest, hasReason, StatusError } from "../../../shared/errors/status-error.ts";
import { setCondition } from "../../../shared/machinery/conditions.ts";
import { type Clock, rfc3339 } from "../../../shared/process/clock.ts";
import { podDisruptionBudgets, pods } from "../../../shared/resources/catalog.ts";
import type { AdmissionPlugin } from "../../admission/admission.ts";
import { validateThrough } from "../../admission/chain.ts";
import { sendObject } from "../../http/respond.ts";
import type { Registry, WriteRequest } from "../../registry/registry.ts";
import type { AnyStrategy } from "../../registry/strategy.ts";
import type { ObjectReader } from "../../watch-cache/object-reader.ts";
import type { Handler } from "../handler.ts";
import { readReview } from "../reviews/read-review.ts";
import { readWriteOptions } from "../write-options.ts";
import { budgetsOf, isBeyondBudget, isUnhealthyAndFree, spendBudget } from "./disruption-budget.ts";

const EVICTION = { group: "policy", version: "v1", kind: "Eviction" };
const CREATED = 201;

export interface EvictionDependencies {
  readonly registry: Registry;
  readonly reader: ObjectReader;
  readonly clock: Clock;
  /** Asked whether this caller may evict that pod. */
  readonly admission: readonly AdmissionPlugin[];
  /** Budgets are honoured when their kind is among the served ones. */
  readonly strategies: readonly AnyStrategy[];
}

/** Takes one disruption from the budget that covers the pod, if any does. */
async function askBudgets(
  { registry, reader, clock, strategies }: EvictionDependencies,
  pod: Pod,
  request: WriteRequest,
): Promise<void> {
  if (isBeyondBudget(pod) || !strategies.some(({ resource }) => resource.plural === podDisruptionBudgets.plural))
    return;
  const namespace = pod.metadata.namespace ?? "";
  const [budget, ...more] = budgetsOf(pod, reader.list(podDisruptionBudgets, namespace));
  if (budget === undefined) return;
  if (more.length > 0) {
    const text = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
    throw new StatusError("", text, { code: 500 });
  }
  if (isUnhealthyAndFree(pod, budget)) return;
  const spend = (current: PodDisruptionBudget | undefined): PodDisruptionBudget =>
    spendBudget(current ?? budget, pod.metadata.name, clock.nowMs());
  await registry.update(podDisruptionBudgets, namespace, budget.metadata.name, spend, {
    ...request,
    subresource: "status",
    mode: "status",
  });
}

/** Tells owners and observers why the pod goes. */
async function markDisrupted(
  { registry, clock }: EvictionDependencies,
  pod: Pod,
  request: WriteRequest,
): Promise<void> {
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting",
    lastTransitionTime: rfc3339(clock.nowMs()),
  };
  const mark = (current: Pod | undefined): Pod => {
    const base = current ?? pod;
    return { ...base, status: { ...base.status, conditions: setCondition(base.status?.conditions, condition) } };
  };
  await registry.update(pods, pod.metadata.namespace ?? "", pod.metadata.name, mark, {
    ...request,
    subresource: "status",
    mode: "status",
  });
}

function checkPreconditions(pod: Pod, { preconditions }: DeleteOptions): void {
  const { uid, resourceVersion } = preconditions ?? {};
  const differs = (what: string, wanted: string, found: string): StatusError =>
    new StatusError(
      "Conflict",
      `Operation cannot be fulfilled on pods ${JSON.stringify(pod.metadata.name)}: Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${found}`,
      { details: { name: pod.metadata.name, kind: "pods" } },
    );
  if (uid !== undefined && uid !== pod.metadata.uid) throw differs("UID", uid, pod.metadata.uid ?? "");
  const revision = pod.metadata.resourceVersion;
  if (resourceVersion !== undefined && resourceVersion !== revision) {
    throw differs("ResourceVersion", resourceVersion, revision ?? "");
  }
}

export function createEvictionHandler(dependencies: EvictionDependencies): Handler {
  const { registry } = dependencies;
  return async (context, { namespace, name }) => {
    const eviction = await readReview<Eviction>(context, EVICTION);
    const metadata: ObjectMeta | undefined = eviction.metadata;
    if ((metadata?.name ?? "") !== "" && metadata?.name !== name) {
      throw badRequest("name in URL does not match name in Eviction object");
    }
    const options = eviction.deleteOptions ?? {};
    const asked = readWriteOptions(context, "CreateOptions").request;
    const isDryRun = asked.isDryRun === true || (options.dryRun ?? []).length > 0;
    const request: WriteRequest = { ...asked, isDryRun };
    const { object: pod } = await registry.get(pods, namespace, name);
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
    checkPreconditions(pod, options);
    await askBudgets(dependencies, pod, request);
    if (!isBeyondBudget(pod) && !isDryRun) await markDisrupted(dependencies, pod, request);
    // The mark has changed the revision: what was asked for has been checked above.
    const preconditions = { uid: options.preconditions?.uid ?? pod.metadata.uid };
    const asDelete: WriteRequest = { ...request, subresource: "" };
    try {
      await registry.delete(pods, namespace, name, { ...options, preconditions }, asDelete);
    } catch (error) {
      if (!hasReason(error, "NotFound")) throw error;
    }
    sendObject(context, CREATED, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: CREATED });
  };
}
