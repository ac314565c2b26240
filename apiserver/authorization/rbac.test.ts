import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  Subject,
} from "../../shared/api/generated/rbac/v1.ts";
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from "../../shared/resources/catalog.ts";
import { StaticReader } from "../../test/support/static-reader.ts";
import type { UserInfo } from "../authentication/user.ts";
import { componentRoles } from "../bootstrap/policy-components.ts";
import { clusterBindings } from "../bootstrap/policy-bindings.ts";
import { userRoles } from "../bootstrap/policy-users.ts";
import type { AuthorizationAttributes } from "./authorizer.ts";
import { forbiddenError } from "./forbidden.ts";
import { createRbacAuthorizer } from "./rbac.ts";

const alice: UserInfo = { name: "alice", uid: "", groups: ["team-a", "system:authenticated"], extra: {} };

function ask(
  verb: string,
  resource: string,
  options: Partial<Extract<AuthorizationAttributes, { kind: "resource" }>> = {},
): AuthorizationAttributes {
  return {
    kind: "resource",
    verb,
    group: "",
    version: "v1",
    resource,
    subresource: "",
    namespace: "default",
    name: "",
    ...options,
  };
}

function clusterRole(name: string, rules: PolicyRule[], labels?: Record<string, string>): ClusterRole {
  return { metadata: { name, labels }, rules };
}
function bind(role: string, ...subjects: Subject[]): ClusterRoleBinding {
  return { metadata: { name: `bind-${role}` }, roleRef: { kind: "ClusterRole", name: role }, subjects };
}
function bindIn(namespace: string, kind: string, role: string, ...subjects: Subject[]): RoleBinding {
  return { metadata: { name: `bind-${role}`, namespace }, roleRef: { kind, name: role }, subjects };
}
const user = (name: string): Subject => ({ kind: "User", name });
const group = (name: string): Subject => ({ kind: "Group", name });

const readPods: PolicyRule = { apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] };

describe("RBAC", () => {
  it("denies what no rule allows, without a reason", () => {
    const decision = createRbacAuthorizer(new StaticReader()).authorize(alice, ask("list", "pods"));
    expect(decision).toEqual({ isAllowed: false, reason: "" });
  });

  it("lets system:masters do everything", () => {
    const root = { ...alice, groups: ["system:masters"] };
    expect(createRbacAuthorizer(new StaticReader()).authorize(root, ask("delete", "nodes")).isAllowed).toBe(true);
  });

  it("allows by ClusterRoleBinding everywhere and says by which", () => {
    const reader = new StaticReader()
      .put(clusterRoles, clusterRole("readers", [readPods]))
      .put(clusterRoleBindings, bind("readers", group("team-a")));
    const rbac = createRbacAuthorizer(reader);
    expect(rbac.authorize(alice, ask("list", "pods"))).toEqual({
      isAllowed: true,
      reason: 'RBAC: allowed by ClusterRoleBinding "bind-readers" of ClusterRole "readers" to Group "team-a"',
    });
    expect(rbac.authorize(alice, ask("list", "pods", { namespace: "" })).isAllowed).toBe(true);
    expect(rbac.authorize(alice, ask("delete", "pods")).isAllowed).toBe(false);
    expect(rbac.authorize(alice, ask("get", "pods", { subresource: "log" })).isAllowed).toBe(false);
    expect(rbac.authorize(alice, ask("get", "pods", { group: "apps" })).isAllowed).toBe(false);
  });

  it("allows by RoleBinding in its namespace only", () => {
    const role: Role = { metadata: { name: "readers", namespace: "default" }, rules: [readPods] };
    const reader = new StaticReader()
      .put(roles, role)
      .put(roleBindings, bindIn("default", "Role", "readers", user("alice")));
    const rbac = createRbacAuthorizer(reader);
    expect(rbac.authorize(alice, ask("list", "pods")).reason).toBe(
      'RBAC: allowed by RoleBinding "bind-readers/default" of Role "readers" to User "alice"',
    );
    expect(rbac.authorize(alice, ask("list", "pods", { namespace: "other" })).isAllowed).toBe(false);
    expect(rbac.authorize(alice, ask("list", "pods", { namespace: "" })).isAllowed).toBe(false);
  });

  it("knows ServiceAccounts by their user name", () => {
    const subject = { kind: "ServiceAccount", name: "builder", namespace: "ci" };
    const reader = new StaticReader()
      .put(clusterRoles, clusterRole("readers", [readPods]))
      .put(roleBindings, bindIn("default", "ClusterRole", "readers", subject));
    const account = { ...alice, name: "system:serviceaccount:ci:builder" };
    expect(createRbacAuthorizer(reader).authorize(account, ask("get", "pods")).reason).toContain(
      'to ServiceAccount "builder/ci"',
    );
  });

  it("matches wildcards and subresource forms", () => {
    const rules: PolicyRule[] = [
      { apiGroups: ["apps"], resources: ["*/scale"], verbs: ["update"] },
      { apiGroups: [""], resources: ["pods/log"], verbs: ["*"] },
      { apiGroups: ["*"], resources: ["*"], verbs: ["watch"] },
    ];
    const rbac = createRbacAuthorizer(
      new StaticReader()
        .put(clusterRoles, clusterRole("mixed", rules))
        .put(clusterRoleBindings, bind("mixed", user("alice"))),
    );
    const isAllowed = (attributes: AuthorizationAttributes): boolean => rbac.authorize(alice, attributes).isAllowed;
    expect(isAllowed(ask("update", "deployments", { group: "apps", subresource: "scale" }))).toBe(true);
    expect(isAllowed(ask("update", "deployments", { group: "apps" }))).toBe(false);
    expect(isAllowed(ask("get", "pods", { subresource: "log" }))).toBe(true);
    expect(isAllowed(ask("get", "pods"))).toBe(false);
    expect(isAllowed(ask("watch", "anything", { group: "x", subresource: "y" }))).toBe(true);
  });

  it("limits rules with resourceNames to those names", () => {
    const rule: PolicyRule = {
      apiGroups: [""],
      resources: ["configmaps"],
      resourceNames: ["a", "b"],
      verbs: ["get", "list"],
    };
    const rbac = createRbacAuthorizer(
      new StaticReader()
        .put(clusterRoles, clusterRole("named", [rule]))
        .put(clusterRoleBindings, bind("named", user("alice"))),
    );
    expect(rbac.authorize(alice, ask("get", "configmaps", { name: "b" })).isAllowed).toBe(true);
    expect(rbac.authorize(alice, ask("get", "configmaps", { name: "c" })).isAllowed).toBe(false);
    expect(rbac.authorize(alice, ask("list", "configmaps")).isAllowed).toBe(false);
  });

  it("matches paths exactly or by their beginning, from ClusterRoleBindings only", () => {
    const rule: PolicyRule = { nonResourceURLs: ["/healthz", "/api/*"], verbs: ["get"] };
    const rbac = createRbacAuthorizer(
      new StaticReader()
        .put(clusterRoles, clusterRole("paths", [rule]))
        .put(clusterRoleBindings, bind("paths", user("alice"))),
    );
    const isAllowed = (path: string, verb = "get"): boolean =>
      rbac.authorize(alice, { kind: "path", verb, path }).isAllowed;
    expect([
      isAllowed("/healthz"),
      isAllowed("/api/v1"),
      isAllowed("/healthz/etcd"),
      isAllowed("/api"),
      isAllowed("/healthz", "post"),
    ]).toEqual([true, true, false, false, false]);
  });

  it("follows changes of roles and bindings at once", () => {
    const reader = new StaticReader();
    const rbac = createRbacAuthorizer(reader);
    const binding = bind("readers", user("alice"));
    expect(rbac.authorize(alice, ask("list", "pods")).isAllowed).toBe(false);
    reader.put(clusterRoleBindings, binding);
    expect(rbac.authorize(alice, ask("list", "pods"))).toEqual({
      isAllowed: false,
      reason: 'RBAC: clusterrole.rbac.authorization.k8s.io "readers" not found',
    });
    reader.put(clusterRoles, clusterRole("readers", [readPods]));
    expect(rbac.authorize(alice, ask("list", "pods")).isAllowed).toBe(true);
    reader.remove(clusterRoleBindings, binding);
    expect(rbac.authorize(alice, ask("list", "pods")).isAllowed).toBe(false);
  });

  it("resolves aggregated roles at read time, through several levels", () => {
    const reader = new StaticReader()
      .put(clusterRoles, ...userRoles, ...componentRoles([]))
      .put(roleBindings, bindIn("default", "ClusterRole", "admin", user("alice")))
      .put(
        clusterRoles,
        clusterRole("crd-view", [{ apiGroups: ["x.io"], resources: ["xs"], verbs: ["get"] }], {
          "rbac.authorization.k8s.io/aggregate-to-view": "true",
        }),
      );
    const rbac = createRbacAuthorizer(reader);
    const isAllowed = (attributes: AuthorizationAttributes): boolean => rbac.authorize(alice, attributes).isAllowed;
    expect(isAllowed(ask("create", "rolebindings", { group: "rbac.authorization.k8s.io" }))).toBe(true);
    expect(isAllowed(ask("create", "deployments", { group: "apps" }))).toBe(true);
    expect(isAllowed(ask("get", "pods", { subresource: "log" }))).toBe(true);
    expect(isAllowed(ask("get", "xs", { group: "x.io" }))).toBe(true);
    expect(isAllowed(ask("create", "resourcequotas"))).toBe(false);
  });

  it("ignores an aggregation selector that makes no sense", () => {
    const broken: ClusterRole = {
      metadata: { name: "broken" },
      rules: [readPods],
      aggregationRule: { clusterRoleSelectors: [{ matchExpressions: [{ key: "a", operator: "Bogus" }] }] },
    };
    const rbac = createRbacAuthorizer(
      new StaticReader().put(clusterRoles, broken).put(clusterRoleBindings, bind("broken", user("alice"))),
    );
    expect(rbac.authorize(alice, ask("list", "pods")).isAllowed).toBe(true);
  });

  it("lists a user's rules", () => {
    const reader = new StaticReader().put(clusterRoles, ...userRoles).put(clusterRoleBindings, ...clusterBindings);
    const { rules, errors } = createRbacAuthorizer(reader).rulesFor(alice, "default");
    expect(rules).toContainEqual({
      apiGroups: ["authentication.k8s.io"],
      resources: ["selfsubjectreviews"],
      verbs: ["create"],
    });
    expect(errors).toEqual([]);
  });

  it("gives the components what they need", () => {
    const reader = new StaticReader()
      .put(clusterRoles, ...userRoles, ...componentRoles([]))
      .put(clusterRoleBindings, ...clusterBindings);
    const rbac = createRbacAuthorizer(reader);
    const node: UserInfo = {
      name: "system:node:n1",
      uid: "",
      groups: ["system:nodes", "system:authenticated"],
      extra: {},
    };
    const scheduler: UserInfo = { name: "system:kube-scheduler", uid: "", groups: ["system:authenticated"], extra: {} };
    // Nodes have their rights from the Node authorizer alone.
    expect(rbac.authorize(node, ask("create", "serviceaccounts", { subresource: "token" })).isAllowed).toBe(false);
    expect(rbac.authorize(node, ask("get", "secrets")).isAllowed).toBe(false);
    expect(rbac.authorize(scheduler, ask("create", "pods", { subresource: "binding" })).isAllowed).toBe(true);
    expect(rbac.authorize(scheduler, ask("create", "pods")).isAllowed).toBe(false);
    expect(rbac.authorize(scheduler, { kind: "path", verb: "get", path: "/apis/apps/v1" }).isAllowed).toBe(true);
  });
});

describe("the 403 of authorization", () => {
  it("says who cannot do what where", () => {
    const messages = [
      forbiddenError(alice, ask("list", "pods"), ""),
      forbiddenError(alice, ask("get", "deployments", { group: "apps", name: "web", subresource: "scale" }), "why"),
      forbiddenError(alice, ask("list", "nodes", { namespace: "" }), ""),
      forbiddenError(alice, { kind: "path", verb: "get", path: "/metrics" }, ""),
    ].map((error) => [error.code, error.message]);
    expect(messages).toEqual([
      [403, 'pods is forbidden: User "alice" cannot list resource "pods" in API group "" in the namespace "default"'],
      [
        403,
        'deployments.apps "web" is forbidden: User "alice" cannot get resource "deployments/scale" in API group "apps" in the namespace "default": why',
      ],
      [403, 'nodes is forbidden: User "alice" cannot list resource "nodes" in API group "" at the cluster scope'],
      [403, 'forbidden: User "alice" cannot get path "/metrics"'],
    ]);
  });
});
