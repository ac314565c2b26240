import { StatusError } from "../../../shared/errors/status-error.ts";
import type { UserInfo } from "../../authentication/user.ts";
import type { AuthorizationAttributes, Authorizer } from "../authorizer.ts";
import { createImpersonate, type Impersonate } from "./modes.ts";
import { wantedUser } from "./wanted-user.ts";

const requester: UserInfo = { name: "deputy", uid: "", groups: [], extra: {} };
const asked: AuthorizationAttributes = {
  kind: "resource",
  verb: "list",
  group: "",
  version: "v1",
  resource: "pods",
  subresource: "",
  namespace: "ns",
  name: "",
};
const wanted = (name: string, more: Partial<UserInfo> = {}): UserInfo => ({
  name,
  uid: "",
  groups: [],
  extra: {},
  ...more,
});

/** `VERB GROUP/RESOURCE/SUBRESOURCE NAMESPACE NAME`, as short as it can be. */
function textOf(attributes: AuthorizationAttributes): string {
  if (attributes.kind === "path") return `${attributes.verb} ${attributes.path}`;
  const { verb, group, resource, subresource, namespace, name } = attributes;
  return [verb, [group, resource, subresource].filter(Boolean).join("/"), namespace, name].filter(Boolean).join(" ");
}

/** Allows what is listed; `heard` is what was asked. */
function having(...rights: readonly string[]): { impersonate: Impersonate; heard: string[]; authorizer: Authorizer } {
  const heard: string[] = [];
  const authorizer: Authorizer = {
    authorize: (_, attributes) => {
      heard.push(textOf(attributes));
      return { isAllowed: rights.includes(textOf(attributes)), reason: "" };
    },
  };
  return { impersonate: createImpersonate(authorizer), heard, authorizer };
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof StatusError) return `${error.code} ${error.message}`;
    throw error;
  }
  return "allowed";
}

const AUTH = "authentication.k8s.io";

describe("the headers that ask for another user", () => {
  it("name each part, however often and in whatever case", () => {
    const headers = ["Impersonate-User", "bob", "impersonate-group", "a,b", "Impersonate-Group", "c", "X-Other", "1"];
    const more = [
      "Impersonate-Uid",
      "7",
      "Impersonate-Extra-Acme.io%2Fscopes",
      "r",
      "impersonate-extra-acme.io%2fscopes",
      "w",
    ];
    expect(wantedUser([...headers, ...more])).toEqual({
      name: "bob",
      uid: "7",
      groups: ["a,b", "c"],
      extra: { "acme.io/scopes": ["r", "w"] },
    });
    expect(wantedUser(["Impersonate-User", "bob", "Impersonate-Extra-100%", "x"])?.extra).toEqual({ "100%": ["x"] });
  });

  it("ask for nobody without one that is known", () => {
    expect(wantedUser(["Impersonate-Nothing", "x", "Authorization", "y"])).toBeUndefined();
    expect(wantedUser(["Impersonate-User", ""])).toBeUndefined();
  });

  it("are refused without a name", () => {
    expect(refusal(() => wantedUser(["Impersonate-Group", "g", "Impersonate-Extra-K", "v"]))).toBe(
      '400 requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"g"}, Extra:map[string][]string{"k":[]string{"v"}}} without impersonating a user name',
    );
  });
});

describe("acting as somebody else by the right to impersonate", () => {
  it.each<[string, UserInfo, string[], string[]]>([
    ["a user", wanted("bob"), ["impersonate users bob"], ["system:authenticated"]],
    [
      "a user with everything",
      wanted("bob", { uid: "7", groups: ["g"], extra: { scopes: ["r"] } }),
      [
        "impersonate users bob",
        `impersonate ${AUTH}/uids 7`,
        "impersonate groups g",
        `impersonate ${AUTH}/userextras/scopes r`,
      ],
      ["g", "system:authenticated"],
    ],
    [
      "a ServiceAccount",
      wanted("system:serviceaccount:ns:robot"),
      ["impersonate serviceaccounts ns robot"],
      ["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"],
    ],
    ["a node, like any user", wanted("system:node:n1"), ["impersonate users system:node:n1"], ["system:authenticated"]],
    ["nobody", wanted("system:anonymous"), ["impersonate users system:anonymous"], ["system:unauthenticated"]],
    [
      "somebody who did not say who it is",
      wanted("bob", { groups: ["system:unauthenticated"] }),
      ["impersonate users bob", "impersonate groups system:unauthenticated"],
      ["system:unauthenticated"],
    ],
    [
      "a superuser",
      wanted("bob", { groups: ["system:masters"] }),
      ["impersonate users bob", "impersonate groups system:masters"],
      ["system:masters", "system:authenticated"],
    ],
  ])("%s", (_, user, rights, groups) => {
    expect(having(...rights).impersonate(requester, user, asked)).toEqual({ ...user, groups });
    for (const missing of rights) {
      const { impersonate } = having(...rights.filter((right) => right !== missing));
      expect(refusal(() => impersonate(requester, user, asked))).toMatch(/^403 /u);
    }
  });
});

describe("constrained impersonation", () => {
  const onPods = (mode: string): string => `impersonate-on:${mode}:list pods ns`;

  it.each<[string, UserInfo, string[], string[]]>([
    ["user-info", wanted("bob"), [`impersonate:user-info ${AUTH}/users bob`], ["system:authenticated"]],
    [
      "user-info",
      wanted("bob", { uid: "7", groups: ["g"], extra: { "acme.io/scopes": ["r"] } }),
      [
        `impersonate:user-info ${AUTH}/users bob`,
        `impersonate:user-info ${AUTH}/uids 7`,
        `impersonate:user-info ${AUTH}/groups g`,
        `impersonate:user-info ${AUTH}/userextras/acme.io/scopes r`,
      ],
      ["g", "system:authenticated"],
    ],
    [
      "serviceaccount",
      wanted("system:serviceaccount:ns:robot"),
      [`impersonate:serviceaccount ${AUTH}/serviceaccounts ns robot`],
      ["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"],
    ],
    [
      "arbitrary-node",
      wanted("system:node:n1"),
      [`impersonate:arbitrary-node ${AUTH}/nodes n1`],
      ["system:nodes", "system:authenticated"],
    ],
  ])("%s: needs the right to it and to the request", (mode, user, rights, groups) => {
    const all = [onPods(mode), ...rights];
    expect(having(...all).impersonate(requester, user, asked)).toEqual({ ...user, groups });
    for (const missing of all) {
      const { impersonate } = having(...all.filter((right) => right !== missing));
      expect(refusal(() => impersonate(requester, user, asked))).toMatch(/^403 /u);
    }
  });

  it("lets a ServiceAccount be the node of its pod, and no other", () => {
    const agent: UserInfo = {
      ...requester,
      name: "system:serviceaccount:kube-system:agent",
      extra: { "authentication.kubernetes.io/node-name": ["n1"] },
    };
    const { impersonate } = having(onPods("associated-node"), `impersonate:associated-node ${AUTH}/nodes *`);
    expect(impersonate(agent, wanted("system:node:n1"), asked).groups).toEqual([
      "system:nodes",
      "system:authenticated",
    ]);
    expect(refusal(() => impersonate(agent, wanted("system:node:n2"), asked))).toMatch(/^403 /u);
    expect(refusal(() => impersonate({ ...agent, name: "agent" }, wanted("system:node:n1"), asked))).toMatch(/^403 /u);
    expect(refusal(() => impersonate(agent, wanted("system:node:n1", { groups: ["g"] }), asked))).toMatch(/^403 /u);
  });

  it("answers with the refusal of the first way that applies", () => {
    expect(refusal(() => having().impersonate(requester, wanted("bob"), asked))).toBe(
      '403 pods is forbidden: User "deputy" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "ns"',
    );
    expect(refusal(() => having(onPods("user-info")).impersonate(requester, wanted("bob"), asked))).toBe(
      '403 users.authentication.k8s.io "bob" is forbidden: User "deputy" cannot impersonate:user-info resource "users" in API group "authentication.k8s.io" at the cluster scope',
    );
  });

  it("never gives the superusers' group, and takes no odd fields", () => {
    const rights = [onPods("user-info"), `impersonate:user-info ${AUTH}/users bob`];
    const ask = (more: Partial<UserInfo>): string =>
      refusal(() => having(...rights).impersonate(requester, wanted("bob", more), asked));
    expect(ask({ groups: ["system:masters"] })).toContain("impersonating the system:masters group is not allowed");
    expect(ask({ groups: [""] })).toContain("impersonating the empty string group is not allowed");
    expect(ask({ extra: { scopes: ["r"] } })).toContain(
      'impersonating an invalid key in extra is not allowed: extra.key: Invalid value: "scopes": must be a domain-prefixed path (such as "acme.io/foo")',
    );
    expect(ask({ extra: { "": ["r"] } })).toContain("impersonating the empty string key in extra is not allowed");
    expect(ask({ extra: { "acme.io/a": [""] } })).toContain(
      "impersonating the empty string value in extra is not allowed",
    );
  });

  it("asks once for all when there is much to ask for", () => {
    const groups = ["a", "b", "c", "d"];
    const rights = [
      onPods("user-info"),
      `impersonate:user-info ${AUTH}/users bob`,
      `impersonate:user-info ${AUTH}/groups *`,
    ];
    const { impersonate, heard } = having(...rights);
    expect(impersonate(requester, wanted("bob", { groups }), asked).groups).toEqual([
      ...groups,
      "system:authenticated",
    ]);
    expect(heard).toEqual(rights);
  });

  it("tries first what worked last", () => {
    const { impersonate, heard } = having("impersonate users bob");
    impersonate(requester, wanted("bob"), asked);
    heard.length = 0;
    impersonate(requester, wanted("bob"), asked);
    expect(heard).toEqual(["impersonate users bob"]);
  });
});
