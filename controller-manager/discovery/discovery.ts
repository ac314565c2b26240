/**
 * Which resources the server has: for the controllers that care for all of them (client-go `discovery`).
 * Asks for the aggregated form and understands the legacy one too.
 */
import type { APIGroupList, APIResourceList, APIVersions } from "../../shared/api/generated/meta/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { decodeJson } from "../../shared/client/json.ts";
import type { KubeObject, Resource } from "../../shared/resources/resource.ts";

export interface DiscoveredResource extends Resource<KubeObject> {
  readonly verbs: readonly string[];
}

export interface Discovery {
  /** In the preferred version of each group, without subresources. */
  readonly resources: readonly DiscoveredResource[];
  /** Group-versions that did not answer, with the reason. */
  readonly failures: readonly string[];
}

const ACCEPT = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

interface AggregatedResource {
  readonly resource: string;
  readonly responseKind?: { readonly kind?: string } | undefined;
  readonly scope: string;
  readonly verbs: readonly string[];
}
interface AggregatedGroup {
  readonly metadata?: { readonly name?: string } | undefined;
  readonly versions?: readonly {
    readonly version: string;
    readonly freshness?: string;
    readonly resources?: readonly AggregatedResource[];
  }[];
}

async function getJson<T>(client: ApiClient, path: string, signal: AbortSignal): Promise<T> {
  const response = await client.raw({ method: "GET", path, headers: { accept: ACCEPT }, signal });
  if (response.status !== 200) throw new Error(`GET ${path} answered ${response.status}`);
  // The server is trusted to keep to its types.
  return decodeJson(response.body) as T;
}

/** Rejects only when the server cannot be asked at all; what single groups fail at is in `failures`. */
export async function discover(client: ApiClient, signal: AbortSignal): Promise<Discovery> {
  const [core, groups] = await Promise.all([
    getJson<{ kind?: string }>(client, "/api", signal),
    getJson<{ kind?: string }>(client, "/apis", signal),
  ]);
  const isAggregated = core.kind === "APIGroupDiscoveryList" && groups.kind === "APIGroupDiscoveryList";
  if (!isAggregated) return discoverLegacy(client, core as APIVersions, groups as APIGroupList, signal);
  const lists = [core, groups] as readonly { items?: readonly AggregatedGroup[] }[];
  return readAggregated(lists.flatMap((list) => list.items ?? []));
}

function readAggregated(groups: readonly AggregatedGroup[]): Discovery {
  const failures: string[] = [];
  const found = groups.flatMap((group) => {
    const name = group.metadata?.name ?? "";
    return (group.versions ?? []).flatMap(({ version, freshness, resources = [] }) => {
      if (freshness === "Stale") failures.push(`${name}/${version}: stale GroupVersion discovery`);
      return resources.map((each) =>
        resourceOf(
          name,
          version,
          each.resource,
          each.responseKind?.kind ?? "",
          each.scope === "Namespaced",
          each.verbs,
        ),
      );
    });
  });
  return { resources: firstOfEach(found), failures };
}

async function discoverLegacy(
  client: ApiClient,
  core: APIVersions,
  groups: APIGroupList,
  signal: AbortSignal,
): Promise<Discovery> {
  const versions = [
    ...core.versions.map((version) => ({ group: "", version, path: `/api/${version}` })),
    ...groups.groups.flatMap(({ name, versions: all }) =>
      all.map(({ version, groupVersion }) => ({ group: name, version, path: `/apis/${groupVersion}` })),
    ),
  ];
  const failures: string[] = [];
  const lists = await Promise.all(
    versions.map(async ({ group, version, path }) => {
      try {
        const { resources } = await getJson<APIResourceList>(client, path, signal);
        return resources
          .filter(({ name }) => !name.includes("/"))
          .map(({ name, kind, namespaced, verbs }) => resourceOf(group, version, name, kind, namespaced, verbs));
      } catch (err) {
        signal.throwIfAborted();
        failures.push(`${group}/${version}: ${err instanceof Error ? err.message : String(err)}`);
        return [];
      }
    }),
  );
  return { resources: firstOfEach(lists.flat()), failures };
}

function resourceOf(
  group: string,
  version: string,
  plural: string,
  kind: string,
  isNamespaced: boolean,
  verbs: readonly string[],
): DiscoveredResource {
  return { group, version, plural, kind, scope: isNamespaced ? "Namespaced" : "Cluster", verbs };
}

/** Versions come in the order of preference: the first that has a resource is the one to use. */
function firstOfEach(resources: readonly DiscoveredResource[]): DiscoveredResource[] {
  const first = new Map<string, DiscoveredResource>();
  for (const each of resources) {
    const key = `${each.plural}.${each.group}`;
    if (!first.has(key)) first.set(key, each);
  }
  return [...first.values()];
}
