/** Aggregated discovery (KEP-3352): everything about all groups in one document. */
import type { AnyStrategy, Subresource } from "../registry/strategy.ts";
import type { Group } from "./group-versions.ts";

export type AggregatedVersion = "v2" | "v2beta1";

function responseKind(kind: Subresource["kind"], parent: AnyStrategy["resource"]): object {
  if (kind === undefined) return { group: "", version: "", kind: parent.kind };
  const isSame = kind.group === parent.group && kind.version === parent.version;
  return isSame ? { group: "", version: "", kind: kind.kind } : kind;
}

function resourceEntry(strategy: AnyStrategy): object {
  const { resource } = strategy;
  return strategy.use((one) => ({
    resource: resource.plural,
    responseKind: responseKind(undefined, resource),
    scope: resource.scope === "Namespaced" ? "Namespaced" : "Cluster",
    singularResource: one.singular,
    verbs: one.verbs,
    ...(one.shortNames.length === 0 ? {} : { shortNames: one.shortNames }),
    ...(one.categories.length === 0 ? {} : { categories: one.categories }),
    ...(one.subresources.length === 0
      ? {}
      : {
          subresources: one.subresources
            .toSorted((a, b) => (a.name < b.name ? -1 : 1))
            .map((sub) => ({
              subresource: sub.name,
              responseKind: responseKind(sub.kind, resource),
              verbs: sub.verbs,
            })),
        }),
  }));
}

export function aggregatedDocument(groups: readonly Group[], version: AggregatedVersion): object {
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map((group) => ({
      metadata: group.name === "" ? {} : { name: group.name },
      versions: group.versions.map((one) => ({
        version: one.version,
        resources: one.strategies.map(resourceEntry),
        freshness: "Current",
      })),
    })),
  };
}
