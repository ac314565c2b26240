import { rulesOf } from "../../../test/support/kind-rules.ts";
import { tableOf } from "../../tables/table.ts";
import { ingressClassStrategy } from "./ingress-class.ts";
import { ingressStrategy } from "./ingress.ts";

const rules = rulesOf(ingressStrategy);
const classes = rulesOf(ingressClassStrategy);

type Part = Record<string, unknown>;

const backend = { service: { name: "web", port: { number: 80 } } };
const ingress = (spec: Part, annotations?: Record<string, string>): Part => ({
  metadata: { name: "x", namespace: "default", ...(annotations === undefined ? {} : { annotations }) },
  spec,
});
const withPath = (path: Part, host = "web.example.com"): Part =>
  ingress({ rules: [{ host, http: { paths: [{ path: "/", pathType: "Prefix", backend, ...path }] } }] });
const withBackend = (one: Part): Part => ingress({ defaultBackend: one });

const SUBDOMAIN = expect.stringContaining("a lowercase RFC 1123 subdomain must consist of") as string;
const AT = "spec.rules[0].http.paths[0]";

describe("the rules of ingresses", () => {
  it.each<[string, Part, (string | RegExp)[]]>([
    [
      "nothing to serve",
      ingress({}),
      ["spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"],
    ],
    ["an address as host", withPath({}, "10.0.0.1"), [/rules\[0\].host: .*must be a DNS name, not an IP address$/]],
    ["a host in capitals", withPath({}, "Web"), [/^spec.rules\[0\].host: Invalid value: "Web": a lowercase RFC 1123/]],
    [
      "a star that is not at the start",
      withPath({}, "web.*.com"),
      [/^spec.rules\[0\].host: .*a wildcard DNS-1123 subdomain must start with '\*\.'/],
    ],
    ["no paths", ingress({ rules: [{ http: { paths: [] } }] }), ["spec.rules[0].http.paths: Required value"]],
    ["no list of paths", ingress({ rules: [{ http: {} }] }), ["spec.rules[0].http.paths: Required value"]],
    ["no type", withPath({ pathType: undefined }), [`${AT}.pathType: Required value: pathType must be specified`]],
    [
      "another type",
      withPath({ pathType: "Regex" }),
      [`${AT}.pathType: Unsupported value: "Regex": supported values: "Exact", "ImplementationSpecific", "Prefix"`],
    ],
    ["a relative path", withPath({ path: "a" }), [`${AT}.path: Invalid value: "a": must be an absolute path`]],
    ["an empty exact path", withPath({ path: "", pathType: "Exact" }), [/must be an absolute path$/]],
    [
      "a path with everything wrong",
      withPath({ path: "a//b/./c/../d%2fe%2F/.." }),
      [
        /must be an absolute path$/,
        /must not contain '\/\/'$/,
        /must not contain '\/\.\/'$/,
        /must not contain '\/\.\.\/'$/,
        /must not contain '%2f'$/,
        /must not contain '%2F'$/,
        /cannot end with '\/\.\.'$/,
      ],
    ],
    [
      "a relative path of the implementation's own kind",
      withPath({ path: "a", pathType: "ImplementationSpecific" }),
      [/must be an absolute path$/],
    ],
    [
      "no backend",
      withBackend({}),
      ['spec.defaultBackend: Invalid value: "": resource or service backend is required'],
    ],
    [
      "two backends",
      withBackend({ ...backend, resource: { kind: "A", name: "b" } }),
      ['spec.defaultBackend: Invalid value: "": cannot set both resource and service backends'],
    ],
    [
      "a resource without a name",
      withBackend({ resource: { apiGroup: "A", kind: "a/b", name: "" } }),
      [
        /resource.apiGroup: Invalid value: "A": a lowercase/,
        `spec.defaultBackend.resource.kind: Invalid value: "a/b": may not contain '/'`,
        "spec.defaultBackend.resource.name: Required value",
      ],
    ],
    [
      "a service without a name and a port",
      withBackend({ service: { name: "" } }),
      [
        "spec.defaultBackend.service.name: Required value",
        "spec.defaultBackend: Required value: port name or number is required",
      ],
    ],
    [
      "a port by name and by number",
      withBackend({ service: { name: "web", port: { name: "a", number: 1 } } }),
      ['spec.defaultBackend: Invalid value: "": cannot set both port name & port number'],
    ],
    [
      "a port out of range",
      withBackend({ service: { name: "web", port: { number: 70_000 } } }),
      ["spec.defaultBackend.service.port.number: Invalid value: 70000: must be between 1 and 65535, inclusive"],
    ],
    [
      "a port name that is none",
      withBackend({ service: { name: "web", port: { name: "80" } } }),
      [/service.port.name: Invalid value: "80": must contain at least one letter/],
    ],
    [
      "hosts and secrets of TLS that are no names",
      ingress({ defaultBackend: backend, tls: [{ hosts: ["A", "*"], secretName: "S" }] }),
      [
        /^spec.tls\[0\].hosts\[0\]: Invalid value: "A"/,
        /^spec.tls\[0\].hosts\[1\]: .*wildcard/,
        /^spec.tls\[0\].secretName: Invalid value: "S"/,
      ],
    ],
    [
      "a class that is no name",
      ingress({ defaultBackend: backend, ingressClassName: "A" }),
      [/^spec.ingressClassName: Invalid value: "A"/],
    ],
    [
      "two classes",
      ingress({ defaultBackend: backend, ingressClassName: "a" }, { "kubernetes.io/ingress.class": "b" }),
      [
        'annotations.kubernetes.io/ingress.class: Invalid value: "b": must match `ingressClassName` when both are specified',
      ],
    ],
  ])("refuse %s", (_, draft, problems) => {
    const expected = problems.map((one): unknown => (typeof one === "string" ? one : expect.stringMatching(one)));
    expect(rules.creation(draft)).toEqual(expected);
  });

  it.each<[string, Part]>([
    ["a wildcard", withPath({}, "*.example.com")],
    ["no host", withPath({}, "")],
    ["an empty path of the implementation's own kind", withPath({ path: "", pathType: "ImplementationSpecific" })],
    ["a service whose name starts with a digit", withBackend({ service: { name: "1a", port: { name: "http" } } })],
    ["a resource", withBackend({ resource: { apiGroup: "a.b", kind: "C", name: "d" } })],
    [
      "two classes that agree",
      ingress({ defaultBackend: backend, ingressClassName: "a" }, { "kubernetes.io/ingress.class": "a" }),
    ],
  ])("take %s", (_, draft) => {
    expect(rules.creation(draft)).toEqual([]);
  });

  it("let stored names of secrets and rules of wildcards be", () => {
    const old = ingress({ defaultBackend: backend, tls: [{ secretName: "S" }] });
    expect(rules.change(old, ingress({ defaultBackend: backend, tls: [{ secretName: "T" }] }))).toEqual([]);
    const wild = withPath({ path: "a" }, "*.a.b");
    expect(rules.change(wild, withPath({ path: "b" }, "*.a.b"))).toEqual([]);
    expect(rules.change(wild, withPath({ path: "b" }, "a.b"))).toHaveLength(1);
  });

  it("warn about the annotation at creation only", () => {
    const draft = ingress({ defaultBackend: backend }, { "kubernetes.io/ingress.class": "a" });
    expect(rules.warnings(draft)).toEqual([
      `annotation "kubernetes.io/ingress.class" is deprecated, please use 'spec.ingressClassName' instead`,
    ]);
    expect(rules.warnings(draft, draft)).toEqual([]);
  });

  it("keep status and spec apart, and look at what load balancers report", () => {
    const old = withPath({});
    const status = (entry: Part): Part => ({ ...old, status: { loadBalancer: { ingress: [entry] } } });
    expect(rules.changed(old, status({ ip: "1.2.3.4" }))).not.toHaveProperty("status.loadBalancer.ingress");
    expect(rules.changed(old, { ...status({ ip: "1.2.3.4" }), spec: {} }, "status")).toMatchObject({
      spec: old["spec"],
      status: { loadBalancer: { ingress: [{ ip: "1.2.3.4" }] } },
    });
    expect(rules.change(old, status({ ip: "1.2.3.04", hostname: "A" }), "status")).toEqual([
      'status.loadBalancer.ingress[0].ip: Invalid value: "1.2.3.04": must not have leading 0s',
      expect.stringMatching(/^status.loadBalancer.ingress\[0\].hostname: Invalid value: "A"/),
    ]);
    expect(rules.change(old, status({ hostname: "1.2.3.4" }), "status")).toEqual([
      'status.loadBalancer.ingress[0].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
    ]);
    expect(rules.change(status({ ip: "01.2.3.4" }), status({ ip: "01.2.3.4" }), "status")).toEqual([]);
  });

  it("show hosts, addresses and ports", () => {
    const cells = (draft: Part): unknown => tableOf(ingressStrategy, [rules.read(draft)], { nowMs: 0 }).rows[0]?.cells;
    const hosts = (...names: string[]): Part =>
      ingress({ rules: names.map((host) => ({ host })), tls: [{}], ingressClassName: "nginx" });
    const load = { ingress: [{ hostname: "b.c" }, { ip: "1.2.3.4", hostname: "z" }, { ip: "1.2.3.4" }] };
    expect(cells({ ...hosts("a", "b"), status: { loadBalancer: load } })).toEqual([
      "x",
      "nginx",
      "a,b",
      "1.2.3.4,b.c",
      "80, 443",
      "<unknown>",
    ]);
    expect(cells(hosts("a", "", "b", "c", ""))).toContain("a,b,c + 2 more...");
    expect(cells(withBackend(backend))).toEqual(["x", "<none>", "*", "", "80", "<unknown>"]);
  });
});

describe("the rules of ingress classes", () => {
  const withParameters = (parameters: Part, controller = "example.com/a"): Part => ({
    spec: { controller, parameters },
  });
  it.each<[string, Part, unknown[]]>([
    ["no controller", { spec: {} }, ["spec.controller: Required value"]],
    [
      "a controller without a domain",
      { spec: { controller: "a" } },
      ['spec.controller: Invalid value: "a": must be a domain-prefixed path (such as "acme.io/foo")'],
    ],
    ["a controller of a bad domain", { spec: { controller: "A/b" } }, [SUBDOMAIN]],
    [
      "a controller of a bad path",
      { spec: { controller: "a/b c" } },
      [
        `spec.controller: Invalid value: "b c": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')`,
      ],
    ],
    [
      "a long controller",
      { spec: { controller: `a/${"b".repeat(250)}` } },
      ["spec.controller: Too long: may not be more than 250 bytes"],
    ],
    [
      "parameters without kind and name",
      withParameters({}),
      ["spec.parameters.kind: Required value", "spec.parameters.name: Required value"],
    ],
    [
      "another scope",
      withParameters({ kind: "A", name: "b", scope: "World" }),
      ['spec.parameters.scope: Unsupported value: "World": supported values: "Cluster", "Namespace"'],
    ],
    [
      "a namespace of the cluster",
      withParameters({ kind: "A", name: "b", namespace: "c" }),
      ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"],
    ],
    [
      "no namespace",
      withParameters({ kind: "A", name: "b", scope: "Namespace" }),
      ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"],
    ],
  ])("refuse %s", (_, draft, problems) => {
    expect(classes.creation(draft)).toEqual(problems);
  });

  it("keep the controller, and fill in the scope", () => {
    expect(classes.change({ spec: { controller: "a/b" } }, { spec: { controller: "a/c" } })).toEqual([
      'spec.controller: Invalid value: "a/c": field is immutable',
    ]);
    expect(classes.read(withParameters({ kind: "A", name: "b" }))).toMatchObject({
      spec: { parameters: { scope: "Cluster" } },
    });
  });
});
