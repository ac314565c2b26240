/** Both forms of discovery against the table of what a 1.36 server offers, word for word. */
import { createHash } from "node:crypto";
import { apiResources, type ResourceFact, type SubresourceFact } from "../../test/support/api-resources.ts";
import { apiVersionOf } from "../../shared/resources/resource.ts";
import { builtInStrategies } from "../resources/all.ts";
import { aggregatedDocument } from "./aggregated.ts";
import { groupsOf } from "./group-versions.ts";
import { resourceListDocument, storedKindsOf } from "./legacy.ts";

interface LegacyRow {
  readonly name: string;
}

interface AggregatedGroup {
  readonly metadata: { readonly name?: string };
  readonly versions: readonly {
    readonly version: string;
    readonly resources: readonly { readonly resource: string }[];
  }[];
}

const groups = groupsOf(builtInStrategies);
const legacy = new Map(
  groups.flatMap((group) =>
    group.versions.map((version) => {
      const { resources } = resourceListDocument(version, storedKindsOf(builtInStrategies)) as {
        resources: readonly LegacyRow[];
      };
      return [version.groupVersion, resources] as const;
    }),
  ),
);
const aggregated = new Map(
  (aggregatedDocument(groups, "v2") as { items: readonly AggregatedGroup[] }).items.flatMap((group) =>
    group.versions.map(
      ({ version, resources }) => [apiVersionOf({ group: group.metadata.name ?? "", version }), resources] as const,
    ),
  ),
);

/** Kinds that are stored as one of another group. */
const STORED_AS: Readonly<Record<string, string>> = {
  "events.k8s.io/v1/Event": "/v1/Event",
  "autoscaling/v1/HorizontalPodAutoscaler": "autoscaling/v2/HorizontalPodAutoscaler",
};

function storageVersionHash({ group, version, kind }: ResourceFact): string {
  const own = `${group}/${version}/${kind}`;
  return createHash("sha256")
    .update(STORED_AS[own] ?? own)
    .digest()
    .subarray(0, 8)
    .toString("base64");
}

function isForeign({ kind }: SubresourceFact, { group, version }: ResourceFact): boolean {
  return kind.group !== group || kind.version !== version;
}

function legacyRows(fact: ResourceFact): object[] {
  const { resource, kind, isNamespaced: namespaced, verbs, shortNames, categories } = fact;
  return [
    {
      name: resource,
      singularName: kind.toLowerCase(),
      namespaced,
      kind,
      verbs,
      ...(shortNames.length === 0 ? {} : { shortNames }),
      ...(categories.length === 0 ? {} : { categories }),
      ...(verbs.includes("update") ? { storageVersionHash: storageVersionHash(fact) } : {}),
    },
    ...fact.subresources.map((sub) => ({
      name: `${resource}/${sub.name}`,
      singularName: "",
      namespaced,
      ...(isForeign(sub, fact) ? { group: sub.kind.group, version: sub.kind.version } : {}),
      kind: sub.kind.kind,
      verbs: sub.verbs,
    })),
  ];
}

function aggregatedRow(fact: ResourceFact): object {
  const own = { group: "", version: "" };
  return {
    resource: fact.resource,
    responseKind: { ...own, kind: fact.kind },
    scope: fact.isNamespaced ? "Namespaced" : "Cluster",
    singularResource: fact.kind.toLowerCase(),
    verbs: fact.verbs,
    ...(fact.shortNames.length === 0 ? {} : { shortNames: fact.shortNames }),
    ...(fact.categories.length === 0 ? {} : { categories: fact.categories }),
    ...(fact.subresources.length === 0
      ? {}
      : {
          subresources: fact.subresources.map((sub) => ({
            subresource: sub.name,
            responseKind: isForeign(sub, fact) ? sub.kind : { ...own, kind: sub.kind.kind },
            verbs: sub.verbs,
          })),
        }),
  };
}

const isServed = (fact: ResourceFact): boolean =>
  builtInStrategies.some(
    ({ resource }) =>
      resource.group === fact.group && resource.version === fact.version && resource.plural === fact.resource,
  );

const facts = apiResources.filter(isServed).map((fact) => ({ fact, name: `${apiVersionOf(fact)} ${fact.resource}` }));

describe("discovery", () => {
  it.each(facts)("tells of $name what upstream does, in the plain lists", ({ fact }) => {
    const rows = legacy.get(apiVersionOf(fact)) ?? [];
    const own = rows.filter(({ name }) => name.split("/")[0] === fact.resource);
    expect(own).toEqual(legacyRows(fact));
  });

  it.each(facts)("tells of $name what upstream does, aggregated", ({ fact }) => {
    const rows = aggregated.get(apiVersionOf(fact)) ?? [];
    expect(rows.find(({ resource }) => resource === fact.resource)).toEqual(aggregatedRow(fact));
  });

  it("keeps the order of names within a version", () => {
    for (const rows of legacy.values()) {
      const names = rows.map(({ name }) => name);
      expect(names).toEqual(names.toSorted());
    }
  });

  it("hashes storage versions as every server of Kubernetes does", () => {
    const hashes = Object.fromEntries((legacy.get("v1") ?? []).map((row) => [row.name, row]));
    expect(hashes["pods"]).toMatchObject({ storageVersionHash: "xPOwRZ+Yhw8=" });
    expect(hashes["events"]).toMatchObject({ storageVersionHash: "r2yiGXH7wu8=" });
    expect((legacy.get("events.k8s.io/v1") ?? [])[0]).toMatchObject({ storageVersionHash: "r2yiGXH7wu8=" });
  });
});
