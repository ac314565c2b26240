import type { Namespace, ServiceAccount } from "../../../shared/api/generated/core/v1.ts";
import { planDefaultAccount } from "./controller.ts";

const planned = (namespace: Namespace, ...accounts: ServiceAccount[]) => {
  const get = (of: string, name: string): ServiceAccount | undefined =>
    accounts.find(({ metadata }) => metadata.namespace === of && metadata.name === name);
  return planDefaultAccount(namespace, { serviceAccounts: { get } } as never).actions;
};
const account = (name: string, namespace: string): ServiceAccount => ({ metadata: { name, namespace } });

describe("the default account of a namespace", () => {
  it("is made where there is none", () => {
    const made = [{ verb: "create", resource: "serviceAccounts", object: account("default", "ns") }];
    expect(planned({ metadata: { name: "ns" }, spec: {} })).toEqual(made);
    const others = [account("robot", "ns"), account("default", "other")];
    expect(planned({ metadata: { name: "ns" }, spec: {} }, ...others)).toEqual(made);
  });

  it.each<[string, Namespace]>([
    ["has one", { metadata: { name: "has" }, spec: {} }],
    ["ends", { metadata: { name: "ns" }, spec: {}, status: { phase: "Terminating" } }],
    ["is to be deleted", { metadata: { name: "ns", deletionTimestamp: "2026-01-01T00:00:00Z" }, spec: {} }],
  ])("is not made where the namespace %s", (_, namespace) => {
    expect(planned(namespace, account("default", "has"))).toEqual([]);
  });
});
