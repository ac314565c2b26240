import { builtInStrategies } from "../resources/all.ts";
import { aggregatedDocument } from "./aggregated.ts";
import { compareVersions, groupsOf } from "./group-versions.ts";
import { groupListDocument, resourceListDocument, storedKindsOf } from "./legacy.ts";

describe("discovery", () => {
  const groups = groupsOf(builtInStrategies);

  it("lists groups in upstream's order", () => {
    const names = groups.map((group) => group.name);
    expect(names[0]).toBe("");
    expect(names.indexOf("apps")).toBeLessThan(names.indexOf("rbac.authorization.k8s.io"));
    expect(names.indexOf("events.k8s.io")).toBeLessThan(names.indexOf("discovery.k8s.io"));
  });

  it("prefers stable versions, and newer ones among them", () => {
    const versions = ["v1alpha1", "v1", "v2beta2", "v2", "v1beta1", "odd", "v10"];
    expect(versions.toSorted(compareVersions)).toEqual(["v10", "v2", "v1", "v2beta2", "v1beta1", "v1alpha1", "odd"]);
  });

  it("says of every resource what may be done with it, subresources after their parent", () => {
    const core = groups[0]?.versions[0];
    const document = core === undefined ? {} : resourceListDocument(core, storedKindsOf(builtInStrategies));
    const { resources } = document as {
      resources: { name: string; verbs: string[]; shortNames?: string[]; group?: string }[];
    };
    const names = resources.map((one) => one.name);
    expect(names).toEqual(names.toSorted());
    expect(names).toEqual(
      expect.arrayContaining(["pods", "pods/status", "pods/binding", "pods/log", "namespaces/finalize"]),
    );
    expect(resources.find((one) => one.name === "pods")).toMatchObject({
      shortNames: ["po"],
      kind: "Pod",
      namespaced: true,
    });
    expect(resources.find((one) => one.name === "pods/eviction")).toMatchObject({
      group: "policy",
      version: "v1",
      kind: "Eviction",
    });
  });

  it("tells the same in both forms", () => {
    const aggregated = aggregatedDocument(groups, "v2") as {
      items: { metadata: { name?: string }; versions: { version: string; resources: { resource: string }[] }[] }[];
    };
    const flat = aggregated.items.flatMap((group) =>
      group.versions.flatMap((one) =>
        one.resources.map(({ resource }) => `${group.metadata.name ?? ""}/${one.version}/${resource}`),
      ),
    );
    const declared = builtInStrategies.map(
      ({ resource }) => `${resource.group}/${resource.version}/${resource.plural}`,
    );
    expect(flat.toSorted()).toEqual(declared.toSorted());
    const list = groupListDocument(groups.slice(1)) as {
      groups: { name: string; preferredVersion: { version: string } }[];
    };
    expect(list.groups.find((group) => group.name === "apps")?.preferredVersion).toEqual({
      groupVersion: "apps/v1",
      version: "v1",
    });
  });
});
