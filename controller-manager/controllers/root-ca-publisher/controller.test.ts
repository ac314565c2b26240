import type { ConfigMap, Namespace } from "../../../shared/api/generated/core/v1.ts";
import { PlanWorld } from "../../../test/support/plan-world.ts";
import { planRootCa, ROOT_CA_CONFIG_MAP } from "./controller.ts";

const NAMESPACE: Namespace = { metadata: { name: "ns" }, spec: {} };

/** A world that may hold the ConfigMap already, and what is planned in it. */
function worldWith(present?: Partial<ConfigMap>) {
  const world = new PlanWorld();
  const store = world.store<ConfigMap>("configMaps");
  if (present !== undefined) {
    world.create("configMaps", { metadata: { name: ROOT_CA_CONFIG_MAP, namespace: "ns" }, ...present });
  }
  const lister = { get: (namespace: string, name: string) => store.getByKey(`${namespace}/${name}`) };
  return {
    map: () => store.getByKey(`ns/${ROOT_CA_CONFIG_MAP}`),
    /** How many writes it took. */
    settle: (namespace = NAMESPACE, rootCa = "PEM") => {
      const { actions } = planRootCa(rootCa, namespace, { configMaps: lister } as never);
      world.apply(actions);
      return actions.length;
    },
  };
}

describe("the authority of the cluster, in a namespace", () => {
  it("is published once, with a word about what it is for", () => {
    const world = worldWith();
    expect([world.settle(), world.settle()]).toEqual([1, 0]);
    expect(world.map()?.data).toEqual({ "ca.crt": "PEM" });
    expect(world.map()?.metadata.annotations?.["kubernetes.io/description"]).toMatch(/^Contains a CA bundle/u);
  });

  it.each<[string, Partial<ConfigMap>]>([
    ["was changed", { data: { "ca.crt": "OTHER" } }],
    ["was emptied", {}],
    ["was added to", { data: { "ca.crt": "PEM", more: "1" } }],
    ["is that of an older server, without a description", { data: { "ca.crt": "PEM" } }],
  ])("is put right when it %s", (_, present) => {
    const world = worldWith(present);
    expect([world.settle(), world.settle()]).toEqual([1, 0]);
    expect(world.map()?.data).toEqual({ "ca.crt": "PEM" });
  });

  it("keeps what others have noted on it", () => {
    const metadata = { name: ROOT_CA_CONFIG_MAP, namespace: "ns", annotations: { note: "x" } };
    const world = worldWith({ metadata, data: {} });
    world.settle();
    expect(world.map()?.metadata.annotations).toMatchObject({ note: "x" });
  });

  it("is replaced when the cluster gets another one", () => {
    const world = worldWith();
    world.settle();
    expect(world.settle(NAMESPACE, "NEW")).toBe(1);
    expect(world.map()?.data).toEqual({ "ca.crt": "NEW" });
  });

  it.each<[string, Namespace]>([
    ["ends", { ...NAMESPACE, status: { phase: "Terminating" } }],
    ["is to be deleted", { metadata: { name: "ns", deletionTimestamp: "2026-01-01T00:00:00Z" }, spec: {} }],
  ])("is not made where the namespace %s", (_, namespace) => {
    expect(worldWith().settle(namespace)).toBe(0);
  });
});
