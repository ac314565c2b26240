import type { AnyStrategy } from "../../registry/strategy.ts";
import { rulesOf } from "../../../test/support/kind-rules.ts";
import { clusterRoleBindingStrategy } from "./cluster-role-binding.ts";
import { clusterRoleStrategy } from "./cluster-role.ts";
import { RBAC_GROUP } from "./rbac-rules.ts";
import { roleBindingStrategy } from "./role-binding.ts";
import { roleStrategy } from "./role.ts";

type Fields = Record<string, unknown>;

const both: [string, AnyStrategy][] = [
  ["role", roleStrategy],
  ["cluster role", clusterRoleStrategy],
];
const bindings: [string, AnyStrategy][] = [
  ["role binding", roleBindingStrategy],
  ["cluster role binding", clusterRoleBindingStrategy],
];
const rule = (...rules: Fields[]): object => ({ rules });
const READ = { apiGroups: [""], resources: ["pods"], verbs: ["get"] };
const roleRef = { apiGroup: RBAC_GROUP, kind: "ClusterRole", name: "reader" };
const binding = (more: Fields = {}, ...subjects: Fields[]): object => ({ roleRef, subjects, ...more });

describe.each(both)("a %s", (_, strategy) => {
  const rules = rulesOf(strategy);
  it.each<[string, object, string[]]>([
    ["reads", rule(READ), []],
    ["reads one", rule({ ...READ, resourceNames: ["a"] }), []],
    ["does nothing", rule(), []],
    [
      "has no verbs, and nothing to do",
      rule({ verbs: [] }),
      [
        "rules[0].verbs: Required value: verbs must contain at least one value",
        "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
        "rules[0].resources: Required value: resource rules must supply at least one resource",
      ],
    ],
    [
      "mixes paths and resources",
      rule(READ, { ...READ, nonResourceURLs: ["/a"] }),
      [
        ...(strategy === roleStrategy
          ? ['rules[1].nonResourceURLs: Invalid value: ["/a"]: namespaced rules cannot apply to non-resource URLs']
          : []),
        'rules[1].nonResourceURLs: Invalid value: ["/a"]: rules cannot apply to both regular resources and non-resource URLs',
      ],
    ],
  ])("%s", (_case, draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
    expect(rules.change(rule(READ), draft)).toEqual(problems);
  });

  it("is called by anything that a path can hold", () => {
    strategy.use(({ validateName }) => {
      expect(validateName?.("system:A b@c")).toEqual([]);
      expect(validateName?.("a/b%c")).toEqual(["may not contain '/'", "may not contain '%'"]);
      expect(validateName?.("..")).toEqual(["may not be '..'"]);
    });
  });
});

describe("a cluster role", () => {
  const rules = rulesOf(clusterRoleStrategy);
  it("opens paths", () => {
    expect(rules.creation(rule({ nonResourceURLs: ["/healthz"], verbs: ["get"] }))).toEqual([]);
  });

  it("is made of others that it can find", () => {
    const made = (...clusterRoleSelectors: Fields[]): object => ({ aggregationRule: { clusterRoleSelectors } });
    expect(rules.creation(made({ matchLabels: { a: "b" } }))).toEqual([]);
    expect(rules.creation(made())).toEqual([
      "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil",
    ]);
    expect(rules.creation(made({}, { matchExpressions: [{ key: "a", operator: "In" }] }))).toEqual([
      "aggregationRule.clusterRoleSelectors[1].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    ]);
  });
});

describe.each(bindings)("a %s", (_, strategy) => {
  const rules = rulesOf(strategy);
  const isNamespaced = strategy === roleBindingStrategy;

  it.each<[string, object, string[]]>([
    ["binds nobody", binding(), []],
    ["binds a user", binding({}, { kind: "User", name: "jane" }, { kind: "Group", name: "a:b", apiGroup: "" }), []],
    ["binds an account", binding({}, { kind: "ServiceAccount", name: "a", namespace: "b" }), []],
    [
      "binds an account of nowhere",
      binding({}, { kind: "ServiceAccount", name: "a" }),
      isNamespaced ? [] : ["subjects[0].namespace: Required value"],
    ],
    [
      "binds an account of a group",
      binding({}, { kind: "ServiceAccount", name: "a", namespace: "b", apiGroup: RBAC_GROUP }),
      [`subjects[0].apiGroup: Unsupported value: "${RBAC_GROUP}": supported values: ""`],
    ],
    [
      "binds somebody without a name",
      binding({}, { kind: "User", name: "" }, { kind: "Group", name: "" }),
      [
        "subjects[0].name: Required value",
        'subjects[0].name: Invalid value: "": user name cannot be empty',
        "subjects[1].name: Required value",
        'subjects[1].name: Invalid value: "": group name cannot be empty',
      ],
    ],
    [
      "binds a user of another group",
      binding({}, { kind: "User", name: "a", apiGroup: "x" }),
      [`subjects[0].apiGroup: Unsupported value: "x": supported values: "${RBAC_GROUP}"`],
    ],
    [
      "binds something else",
      binding({}, { kind: "Pod", name: "a" }),
      ['subjects[0].kind: Unsupported value: "Pod": supported values: "ServiceAccount", "User", "Group"'],
    ],
    [
      "binds to another group's role",
      binding({ roleRef: { ...roleRef, apiGroup: "x" } }),
      [`roleRef.apiGroup: Unsupported value: "x": supported values: "${RBAC_GROUP}"`],
    ],
    [
      "binds to something else",
      binding({ roleRef: { ...roleRef, kind: "Pod" } }),
      [
        `roleRef.kind: Unsupported value: "Pod": supported values: ${isNamespaced ? '"Role", "ClusterRole"' : '"ClusterRole"'}`,
      ],
    ],
    ["binds to nothing", binding({ roleRef: { ...roleRef, name: "" } }), ["roleRef.name: Required value"]],
    [
      "binds to a path",
      binding({ roleRef: { ...roleRef, name: "a/b" } }),
      ["roleRef.name: Invalid value: \"a/b\": may not contain '/'"],
    ],
  ])("%s", (_case, draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
  });

  it("is in RBAC's group where it does not say", () => {
    const drawn = rules.created({
      roleRef: { kind: "ClusterRole", name: "a" },
      subjects: [{ kind: "Group", name: "b", apiGroup: "" }],
    });
    expect(drawn).toMatchObject({ roleRef: { apiGroup: RBAC_GROUP }, subjects: [{ apiGroup: RBAC_GROUP }] });
  });

  it("keeps its role, and may change its subjects", () => {
    expect(rules.change(binding(), binding({}, { kind: "User", name: "a" }))).toEqual([]);
    const other = { ...roleRef, name: "writer" };
    expect(rules.change(binding(), binding({ roleRef: other }))).toEqual([
      `roleRef: Invalid value: ${JSON.stringify(other)}: cannot change roleRef`,
    ]);
  });
});
