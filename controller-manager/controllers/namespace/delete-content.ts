/** One pass over everything in a namespace (upstream: `namespace/deletion/namespaced_resources_deleter.go`). */
import type { Pod } from "../../../shared/api/generated/core/v1.ts";
import type { ApiClient } from "../../../shared/client/api-client.ts";
import { isNotFound, StatusError } from "../../../shared/errors/status-error.ts";
import { groupResourceOf, type KubeObject } from "../../../shared/resources/resource.ts";
import { type DiscoveredResource, discover } from "../../discovery/discovery.ts";
import type { DeletionReport } from "./conditions-plan.ts";

/** Resources that are worked on at a time. */
const PARALLEL_RESOURCES_MAX = 8;
/** How long to leave pods without a grace period of their own, and other things with finalizers. */
const WAIT_SECONDS = 15;

export interface DeletionPass extends DeletionReport {
  /** When it makes sense to look again; nothing when the namespace is empty. */
  readonly waitSeconds: number | undefined;
}

interface Counted {
  readonly items: readonly KubeObject[];
  readonly failure?: string;
}

/** Pods go first, for what they use must outlive them: everything else waits until none is left. */
export async function deleteContent(client: ApiClient, namespace: string, signal: AbortSignal): Promise<DeletionPass> {
  const { resources, failures } = await discover(client, signal);
  const deletable = resources.filter(
    ({ scope, verbs }) => scope === "Namespaced" && verbs.includes("list") && verbs.includes("delete"),
  );
  const isPods = (resource: DiscoveredResource): boolean => groupResourceOf(resource) === "pods";
  const pods = await deleteAll(client, namespace, deletable.filter(isPods), signal);
  const mayGoOn = pods.remaining.size === 0 && pods.deletionFailures.length === 0;
  const rest = mayGoOn
    ? await deleteAll(
        client,
        namespace,
        deletable.filter((each) => !isPods(each)),
        signal,
      )
    : undefined;
  return {
    discoveryFailures: failures,
    deletionFailures: [...pods.deletionFailures, ...(rest?.deletionFailures ?? [])],
    remaining: new Map([...pods.remaining, ...(rest?.remaining ?? [])]),
    finalizers: merged(pods.finalizers, rest?.finalizers ?? new Map()),
    waitSeconds: pods.waitSeconds ?? rest?.waitSeconds,
  };
}

type Pass = Omit<DeletionPass, "discoveryFailures">;

async function deleteAll(
  client: ApiClient,
  namespace: string,
  resources: readonly DiscoveredResource[],
  signal: AbortSignal,
): Promise<Pass> {
  const counted: [DiscoveredResource, Counted][] = [];
  const queue = [...resources];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      counted.push([next, await deleteResource(client, namespace, next, signal)]);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_RESOURCES_MAX }, worker));
  const left = counted.filter(([, { items }]) => items.length > 0);
  const items = left.flatMap(([, each]) => each.items);
  return {
    deletionFailures: counted.flatMap(([, { failure }]) => failure ?? []),
    remaining: new Map(left.map(([resource, each]) => [nameOf(resource), each.items.length])),
    finalizers: countFinalizers(items),
    waitSeconds: items.length === 0 ? undefined : Math.max(...items.map(secondsToWait)),
  };
}

/** As upstream writes it: a resource of the core group ends with a dot. */
const nameOf = ({ plural, group }: DiscoveredResource): string => `${plural}.${group}`;

/** Deletes all objects of the resource, and tells which are still there. */
async function deleteResource(
  client: ApiClient,
  namespace: string,
  resource: DiscoveredResource,
  signal: AbortSignal,
): Promise<Counted> {
  try {
    const present = await client.list(resource, { namespace, signal });
    if (present.items.length === 0) return { items: [] };
    const options = { propagationPolicy: "Background" };
    if (resource.verbs.includes("deletecollection"))
      await client.deleteCollection(resource, { namespace, signal }, options);
    else for (const { metadata } of present.items) await deleteOne(client, resource, namespace, metadata.name, signal);
    return { items: (await client.list(resource, { namespace, signal })).items };
  } catch (err) {
    signal.throwIfAborted();
    // A resource that lists but cannot be deleted is not ours to care for.
    if (isNotFound(err) || (err instanceof StatusError && err.code === 405)) return { items: [] };
    return { items: [], failure: `${nameOf(resource)}: ${err instanceof Error ? err.message : String(err)}` };
  }
}

async function deleteOne(
  client: ApiClient,
  resource: DiscoveredResource,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await client.delete(resource, { namespace, name }, { propagationPolicy: "Background" }, signal);
  } catch (err) {
    if (!isNotFound(err)) throw err;
  }
}

function countFinalizers(items: readonly KubeObject[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const finalizer of items.flatMap(({ metadata }) => metadata.finalizers ?? [])) {
    counts.set(finalizer, (counts.get(finalizer) ?? 0) + 1);
  }
  return counts;
}

function merged(left: ReadonlyMap<string, number>, right: ReadonlyMap<string, number>): Map<string, number> {
  const sum = new Map(left);
  for (const [key, count] of right) sum.set(key, (sum.get(key) ?? 0) + count);
  return sum;
}

function secondsToWait(object: KubeObject): number {
  if (object.metadata.deletionGracePeriodSeconds !== undefined) return object.metadata.deletionGracePeriodSeconds;
  const { spec } = object as Partial<Pod>;
  return spec?.terminationGracePeriodSeconds ?? WAIT_SECONDS;
}
