/** The unaggregated discovery documents: `/api`, `/apis`, `/apis/GROUP`, `/apis/GROUP/VERSION`. */
import { createHash } from "node:crypto";
import type { AnyStrategy } from "../registry/strategy.ts";
import type { Group, VersionOfGroup } from "./group-versions.ts";

const STORAGE_HASH_BYTES = 8;

/** Tells clients when the stored form of a kind changes; the value itself says nothing (`StorageVersionHash`). */
function storageVersionHash(stored: AnyStrategy["resource"]): string {
  const { group, version, kind } = stored;
  const digest = createHash("sha256").update(`${group}/${version}/${kind}`).digest();
  return digest.subarray(0, STORAGE_HASH_BYTES).toString("base64");
}

/** The kind that a resource is stored as: another one's when two are views of the same objects (events). */
export type StoredKinds = (strategy: AnyStrategy) => AnyStrategy["resource"];

export function storedKindsOf(strategies: readonly AnyStrategy[]): StoredKinds {
  const prefixOf = (strategy: AnyStrategy): string => strategy.use(({ storagePrefix }) => storagePrefix);
  const isConverted = (strategy: AnyStrategy): boolean => strategy.use(({ conversion }) => conversion !== undefined);
  const byPrefix = new Map(strategies.filter((one) => !isConverted(one)).map((one) => [prefixOf(one), one.resource]));
  return (strategy) =>
    isConverted(strategy) ? (byPrefix.get(prefixOf(strategy)) ?? strategy.resource) : strategy.resource;
}

function resourceRows(strategy: AnyStrategy, storedKind: StoredKinds): object[] {
  const { plural, kind, scope, group, version } = strategy.resource;
  const namespaced = scope === "Namespaced";
  return strategy.use((one) => [
    {
      name: plural,
      singularName: one.singular,
      namespaced,
      kind,
      verbs: one.verbs,
      ...(one.shortNames.length === 0 ? {} : { shortNames: one.shortNames }),
      ...(one.categories.length === 0 ? {} : { categories: one.categories }),
      ...(one.verbs.includes("update") ? { storageVersionHash: storageVersionHash(storedKind(strategy)) } : {}),
    },
    ...one.subresources.map((sub) => {
      const isOther = sub.kind !== undefined && (sub.kind.group !== group || sub.kind.version !== version);
      return {
        name: `${plural}/${sub.name}`,
        singularName: "",
        namespaced,
        ...(isOther ? { group: sub.kind?.group, version: sub.kind?.version } : {}),
        kind: sub.kind?.kind ?? kind,
        verbs: sub.verbs,
      };
    }),
  ]);
}

export function apiVersionsDocument(serverAddress: string): object {
  return {
    kind: "APIVersions",
    versions: ["v1"],
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress }],
  };
}

export function resourceListDocument(version: VersionOfGroup, storedKind: StoredKinds): object {
  const rows = version.strategies.flatMap((one) => resourceRows(one, storedKind)) as { name: string }[];
  return {
    kind: "APIResourceList",
    ...(version.groupVersion.includes("/") ? { apiVersion: "v1" } : {}),
    groupVersion: version.groupVersion,
    resources: rows.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function groupFields(group: Group): object {
  const versions = group.versions.map(({ groupVersion, version }) => ({ groupVersion, version }));
  return { name: group.name, versions, preferredVersion: versions[0] };
}

export function groupDocument(group: Group): object {
  return { kind: "APIGroup", apiVersion: "v1", ...groupFields(group) };
}

export function groupListDocument(groups: readonly Group[]): object {
  return { kind: "APIGroupList", apiVersion: "v1", groups: groups.map(groupFields) };
}
