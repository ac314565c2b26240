import type { ClusterRole, PolicyRule, Role, RoleBinding } from "../../shared/api/generated/rbac/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { createApiClient } from "../../shared/client/http-client.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { clusterRoles, roleBindings, roles } from "../../shared/resources/catalog.ts";
import type { Draft } from "../../shared/resources/resource.ts";
import { startTestApiServer, type TestApiServer } from "../../test/support/api-server.ts";
import { missingRights } from "../authorization/covers.ts";

const RBAC = "rbac.authorization.k8s.io";
const inDefault = { namespace: "default" };
const podRule = (verbs: string[], names?: string[]): PolicyRule => ({
  apiGroups: [""],
  resources: ["pods"],
  verbs,
  ...(names === undefined ? {} : { resourceNames: names }),
});

describe("rights that are missing", () => {
  it("are none when wider rules cover them", () => {
    expect(missingRights([podRule(["get", "list"])], [podRule(["get"], ["a"]), podRule(["list"])])).toEqual([]);
    expect(missingRights([{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }], [podRule(["get"])])).toEqual([]);
    const scales = { apiGroups: ["apps"], resources: ["*/scale"], verbs: ["get"] };
    expect(missingRights([scales], [{ ...scales, resources: ["deployments/scale"] }])).toEqual([]);
    const paths = { nonResourceURLs: ["/logs/*"], verbs: ["get"] };
    expect(missingRights([paths], [{ ...paths, nonResourceURLs: ["/logs/a"] }])).toEqual([]);
  });

  it("are told as Go prints rules, a line per thing", () => {
    const wanted = [podRule(["get", "delete"]), podRule(["watch"], ["a"]), { nonResourceURLs: ["/x"], verbs: ["get"] }];
    expect(missingRights([podRule(["get"])], wanted)).toEqual([
      '{APIGroups:[""], Resources:["pods"], ResourceNames:["a"], Verbs:["watch"]}',
      '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}',
      '{NonResourceURLs:["/x"], Verbs:["get"]}',
    ]);
  });

  it("are those of all names when only some are held", () => {
    expect(missingRights([podRule(["get"], ["a"])], [podRule(["get"])])).toHaveLength(1);
  });
});

describe("a user who may write roles and bindings", () => {
  let api: TestApiServer;
  let bob: ApiClient;
  beforeAll(async () => {
    api = await startTestApiServer();
    const rules = [
      podRule(["get"]),
      { apiGroups: [RBAC], resources: ["roles", "rolebindings", "clusterroles"], verbs: ["create", "update", "patch"] },
    ];
    const role: Draft<ClusterRole> = { metadata: { name: "of-bob" }, rules };
    await api.client.create(clusterRoles, role);
    await api.client.create(roleBindings, binding("of-bob", "ClusterRole", "of-bob"), inDefault);
    await api.client.create(roles, { metadata: { name: "deleter" }, rules: [podRule(["delete"])] }, inDefault);
    bob = createApiClient(await api.accessOf("bob", ["team"]), { userAgent: "test", clock: systemClock });
    await expect(bob.get(roles, { namespace: "default", name: "none" })).rejects.toThrow("forbidden");
  });
  afterAll(async () => {
    await bob.close();
    await api.stop();
  });

  function binding(name: string, kind: string, role: string): Draft<RoleBinding> {
    return {
      metadata: { name },
      roleRef: { apiGroup: RBAC, kind, name: role },
      subjects: [{ kind: "User", apiGroup: RBAC, name: "bob" }],
    };
  }
  const grant = (name: string, ...rules: PolicyRule[]): Promise<Role> =>
    bob.create(roles, { metadata: { name }, rules }, inDefault);

  it("grants what they hold", async () => {
    expect((await grant("held", podRule(["get"], ["a"]))).rules).toHaveLength(1);
  });

  it("does not write a role with more than they hold", async () => {
    await expect(grant("more", podRule(["get", "delete"]))).rejects.toThrow(
      'roles.rbac.authorization.k8s.io "more" is forbidden: user "bob" (groups=["team" "system:authenticated"]) is ' +
        "attempting to grant RBAC permissions not currently held:\n" +
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}',
    );
    await grant("grown", podRule(["get"]));
    const at = { namespace: "default", name: "grown" };
    await expect(bob.patch(roles, at, "merge", { rules: [podRule(["*"])] })).rejects.toThrow("not currently held");
    expect((await bob.patch(roles, at, "merge", { metadata: { labels: { a: "b" } } })).metadata.labels).toBeDefined();
  });

  it("does not bind a role that gives more, nor one that does not exist", async () => {
    await expect(bob.create(roleBindings, binding("b1", "Role", "deleter"), inDefault)).rejects.toThrow(
      "not currently held",
    );
    await expect(bob.create(roleBindings, binding("b2", "ClusterRole", "cluster-admin"), inDefault)).rejects.toThrow(
      '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}',
    );
    await expect(bob.create(roleBindings, binding("b3", "Role", "none"), inDefault)).rejects.toThrow("not found");
  });

  it("does so with the verbs escalate and bind", async () => {
    const rule = {
      apiGroups: [RBAC],
      resources: ["roles"],
      resourceNames: ["deleter", "any"],
      verbs: ["bind", "escalate"],
    };
    await api.client.create(roles, { metadata: { name: "free" }, rules: [rule] }, inDefault);
    await api.client.create(roleBindings, binding("free", "Role", "free"), inDefault);
    expect((await grant("any", podRule(["*"]))).metadata.name).toBe("any");
    expect((await bob.create(roleBindings, binding("b4", "Role", "deleter"), inDefault)).metadata.name).toBe("b4");
  });
});
