/** Requests that no server should accept, of many kinds, each with the codes that are right for it. */
import type { SeededRandom } from "./seeded-random.ts";

export interface BadRequest {
  /** Kind of badness, for the message of a failure. */
  readonly what: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string | undefined;
  readonly codes: readonly number[];
}

const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";
const PODS = "/api/v1/namespaces/default/pods";
const DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";
const SERVICES = "/api/v1/namespaces/default/services";
/** Made by the test before. */
export const VICTIM = "victim";
const JSON_TYPE = "application/json";

type Maker = (random: SeededRandom) => Omit<BadRequest, "what">;

const text = (random: SeededRandom, length: number): string =>
  Array.from({ length }, () => String.fromCharCode(33 + random.below(94))).join("");
const post = (
  path: string,
  body: Buffer | string,
  codes: readonly number[],
  type = JSON_TYPE,
): Omit<BadRequest, "what"> => ({
  method: "POST",
  path,
  headers: { "content-type": type },
  body,
  codes,
});
const get = (
  path: string,
  codes: readonly number[],
  headers: Record<string, string> = {},
): Omit<BadRequest, "what"> => ({
  method: "GET",
  path,
  headers,
  body: undefined,
  codes,
});
const patch = (path: string, type: string, body: string, codes: readonly number[]): Omit<BadRequest, "what"> => ({
  method: "PATCH",
  path,
  headers: { "content-type": type },
  body,
  codes,
});

const goodPod = (name: string): { metadata: object; spec: { containers: object[] } & Record<string, unknown> } => ({
  metadata: { name },
  spec: { containers: [{ name: "a", image: "busybox" }] },
});

function nested(random: SeededRandom): string {
  const depth = 600 + random.below(20_000);
  const [open, close] = random.pick([
    ["[", "]"],
    ['{"a":', "}"],
  ] as const);
  return `{"metadata":{"name":"deep"},"data":${open.repeat(depth)}1${random.next() < 0.5 ? close.repeat(depth) : ""}}`;
}

const MAKERS: Readonly<Record<string, Maker>> = {
  "broken JSON": (random) => {
    const whole = JSON.stringify({
      kind: "ConfigMap",
      apiVersion: "v1",
      metadata: { name: "x" },
      data: { a: text(random, 20) },
    });
    return post(CONFIG_MAPS, whole.slice(0, random.below(whole.length)), [400]);
  },
  "bytes that are no JSON": (random) =>
    post(CONFIG_MAPS, Buffer.from(Array.from({ length: 1 + random.below(200) }, () => random.below(256))), [400]),
  "broken YAML": (random) =>
    post(CONFIG_MAPS, `metadata: {name: x\n  - a: [${text(random, 5)}\n\t: "`, [400], "application/yaml"),
  "YAML aliases without end": (random) => {
    const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"];
    for (let index = 1; index < 9 + random.below(3); index++) {
      lines.push(`a${index}: &a${index} [${Array.from({ length: 9 }, () => `*a${index - 1}`).join(", ")}]`);
    }
    return post(CONFIG_MAPS, `kind: ConfigMap\napiVersion: v1\n${lines.join("\n")}\n`, [400], "application/yaml");
  },
  "wrong types": (random) => {
    const wrong = random.pick([1, true, "text", [1], [[]], { a: { b: 1 } }, 1.5, -7]);
    const [path, body] = random.pick([
      [CONFIG_MAPS, { metadata: { name: "x" }, data: typeof wrong === "object" ? wrong : [wrong] }],
      [CONFIG_MAPS, { metadata: { name: "x", labels: typeof wrong === "object" ? [1] : wrong } }],
      [CONFIG_MAPS, { metadata: "name" }],
      [PODS, { metadata: { name: "x" }, spec: { containers: typeof wrong === "object" ? "c" : wrong } }],
      [PODS, { metadata: { name: "x" }, spec: { containers: [wrong === 1 ? 2 : "c"] } }],
      [DEPLOYMENTS, { metadata: { name: "x" }, spec: { replicas: "many" } }],
      [SERVICES, { metadata: { name: "x" }, spec: { ports: [{ port: "eighty" }] } }],
    ] as const);
    return post(path, JSON.stringify(body), [400, 422]);
  },
  "no object": (random) => post(CONFIG_MAPS, random.pick(["[]", "1", '"x"', "true", "[{}]", "null x", ""]), [400, 422]),
  "another kind": (random) => {
    const kind = random.pick(["Pod", "Nonsense", "", "configmap", "__proto__", "toString", "Status"]);
    const apiVersion = random.pick(["v1", "v2", "apps/v1", "a/b/c", "constructor"]);
    const body = JSON.stringify({ kind: kind === "" ? "Secret" : kind, apiVersion, metadata: { name: "x" } });
    return post(CONFIG_MAPS, body, [400]);
  },
  "deep nesting": (random) => post(CONFIG_MAPS, nested(random), [400]),
  "names of object internals": (random) => {
    const key = random.pick(["__proto__", "constructor", "prototype", "hasOwnProperty", "toString"]);
    const body = `{"metadata":{"name":"x"},"${key}":{"isAdmin":true,"polluted":${random.below(9)}}}`;
    return post(`${CONFIG_MAPS}?fieldValidation=Strict`, body, [400]);
  },
  "unknown and duplicate fields": (random) => {
    const body = random.pick([
      `{"metadata":{"name":"x"},"spec":{"containers":[{"name":"a","image":"b","imag${random.below(9)}":1}]}}`,
      '{"metadata":{"name":"x","name":"y"},"spec":{"containers":[{"name":"a","image":"b"}]}}',
      '{"metadata":{"name":"x"},"specs":{}}',
    ]);
    return post(`${PODS}?fieldValidation=Strict`, body, [400, 422]);
  },
  "a body that is too large": (random) => {
    const body = `{"metadata":{"name":"x"},"data":{"a":"${"y".repeat(4 * 1024 * 1024)}"}}`;
    return random.next() < 0.5
      ? post(CONFIG_MAPS, body, [413])
      : { ...post(`${CONFIG_MAPS}/${VICTIM}`, body, [413]), method: "PUT" };
  },
  "a content type that is not served": (random) =>
    post(
      CONFIG_MAPS,
      '{"metadata":{"name":"x"}}',
      [415],
      random.pick([
        "text/plain",
        "application/xml",
        "application/cbor",
        "image/png",
        "application/x-www-form-urlencoded",
        "a/b;c",
      ]),
    ),
  "an answer that cannot be given": (random) =>
    get(random.pick([CONFIG_MAPS, `${CONFIG_MAPS}/${VICTIM}`, PODS]), [406], {
      accept: random.pick([
        "text/html",
        "image/*",
        "application/xml",
        "application/json;as=Chair;v=v1;g=meta.k8s.io",
        "application/cbor",
        "application/vnd.kubernetes.protobuf;as=Chair;v=v1;g=meta.k8s.io",
      ]),
    }),
  "a bad label selector": (random) => {
    const selector = random.pick([
      "a in",
      "a in (",
      "a in ()",
      "!",
      "a=b=c",
      "-a",
      "a b",
      "a>x",
      ",,",
      "a notin b",
      `a=${"v".repeat(64)}`,
      "x/y/z=1",
      "a==b!=c",
      "=",
      "(a)",
    ]);
    return get(
      `${random.pick([CONFIG_MAPS, PODS])}?labelSelector=${encodeURIComponent(selector)}&n=${random.below(9)}`,
      [400],
    );
  },
  "a bad field selector": (random) => {
    const selector = random.pick([
      "spec.nothing=1",
      "metadata.labels=x",
      "a",
      "status.phase",
      "=x",
      "__proto__=1",
      "spec.containers=a",
      "metadata.name>1",
    ]);
    return get(`${PODS}?fieldSelector=${encodeURIComponent(selector)}`, [400]);
  },
  "a bad continue token": (random) => {
    const token = random.pick([
      "!!!",
      text(random, 12),
      Buffer.from('{"v":"x"}').toString("base64url"),
      Buffer.from('{"v":"meta.k8s.io/v1","rv":"x","start":1}').toString("base64url"),
      Buffer.from('{"v":"meta.k8s.io/v1","rv":5,"start":"../../secrets/x"}').toString("base64url"),
      Buffer.from("[]").toString("base64url"),
    ]);
    return get(`${CONFIG_MAPS}?limit=5&continue=${encodeURIComponent(token)}`, [400]);
  },
  "bad list options": (random) =>
    get(
      `${CONFIG_MAPS}?${random.pick([
        "resourceVersion=abc",
        "resourceVersion=-1",
        "resourceVersion=1.5",
        "limit=many",
        "resourceVersionMatch=Exact",
        "resourceVersionMatch=Nearly&resourceVersion=1",
        "resourceVersion=0&resourceVersionMatch=Exact",
        "sendInitialEvents=true",
        "watch=true&sendInitialEvents=true",
        "watch=true&resourceVersionMatch=NotOlderThan",
        "watch=true&resourceVersion=x",
        "watch=true&timeoutSeconds=x",
      ])}`,
      [400, 422],
    ),
  "bad write options": (random) => {
    const body = '{"metadata":{"name":"never"}}';
    const query = random.pick([
      "dryRun=Some",
      "fieldValidation=Maybe",
      `fieldManager=${"m".repeat(200)}`,
      "dryRun=All&dryRun=None",
    ]);
    return post(`${CONFIG_MAPS}?${query}`, body, [422]);
  },
  "bad delete options": (random) => {
    const [query, body] = random.pick([
      ["?gracePeriodSeconds=soon", undefined],
      ["?propagationPolicy=Sideways", undefined],
      ["", '{"propagationPolicy":"Sideways"}'],
      ["", '{"orphanDependents":true,"propagationPolicy":"Background"}'],
      ["", '{"gracePeriodSeconds":"x"}'],
      ["", '{"kind":"Pod","apiVersion":"v1"}'],
      ["", "{"],
      ["", '{"dryRun":["Some"]}'],
      ["", '{"preconditions":{"uid":"other"}}'],
      ["", '{"preconditions":{"resourceVersion":"1"}}'],
    ] as const);
    const path = `${CONFIG_MAPS}/${VICTIM}${query}`;
    return { method: "DELETE", path, headers: { "content-type": JSON_TYPE }, body, codes: [400, 409, 422] };
  },
  "a JSON patch that does not fit": (random) =>
    patch(
      `${CONFIG_MAPS}/${VICTIM}`,
      "application/json-patch+json",
      random.pick([
        "{}",
        "[1]",
        "[{}]",
        "[",
        '[{"op":"jump","path":"/a"}]',
        '[{"op":"replace","path":"/nothing/here","value":1}]',
        '[{"op":"remove","path":"/metadata/labels/none"}]',
        '[{"op":"test","path":"/metadata/name","value":"other"}]',
        '[{"op":"add","path":"/data","value":7}]',
        '[{"op":"replace","path":"/metadata/name","value":"other"}]',
        '[{"op":"add","path":"/metadata/resourceVersion","value":"1"}]',
        '[{"op":"replace","path":"/metadata/uid","value":"other"}]',
        '[{"op":"remove","path":""}]',
        '[{"op":"add","path":"no-slash","value":1}]',
        '[{"op":"replace","path":"","value":[]}]',
        `[${Array.from({ length: 10_001 }, () => '{"op":"test","path":"/kind","value":"ConfigMap"}').join(",")}]`,
      ]),
      [400, 409, 413, 422],
    ),
  "a merge patch that does not fit": (random) =>
    patch(
      random.pick([`${CONFIG_MAPS}/${VICTIM}`, `${DEPLOYMENTS}/${VICTIM}`]),
      random.pick(["application/merge-patch+json", "application/strategic-merge-patch+json"]),
      random.pick([
        "[]",
        "1",
        "{",
        '{"metadata":{"name":"other"}}',
        '{"metadata":{"uid":"other"}}',
        '{"metadata":{"resourceVersion":"1"}}',
        '{"metadata":5}',
        '{"metadata":{"labels":{"a b":"c"}}}',
        '{"metadata":null}',
        '{"metadata":{"namespace":"other"}}',
      ]),
      [400, 409, 422],
    ),
  "a patch of an unknown type": (random) =>
    patch(
      `${CONFIG_MAPS}/${VICTIM}`,
      random.pick([JSON_TYPE, "application/apply-patch+cbor", "text/yaml", "", "application/patch"]),
      "{}",
      [415],
    ),
  "an apply without a manager": () =>
    patch(`${CONFIG_MAPS}/${VICTIM}`, "application/apply-patch+yaml", "kind: ConfigMap\napiVersion: v1\n", [400, 422]),
  "objects that are not valid": (random) => {
    const name = random.pick(["", "A", "a_b", "-a", "a".repeat(300), "a..b", "a/b", "..", "ü"]);
    const [path, body] = random.pick([
      [CONFIG_MAPS, { metadata: { name } }],
      [PODS, { metadata: { name: "x" }, spec: { containers: [] } }],
      [PODS, { metadata: { name: "x" }, spec: {} }],
      [PODS, { metadata: { name: "x" } }],
      [PODS, { ...goodPod("x"), metadata: { name: "x", labels: { "a b": "c" } } }],
      [PODS, { metadata: { name: "x" }, spec: { containers: [{ name: "A_", image: "b" }] } }],
      [PODS, { metadata: { name: "x" }, spec: { containers: [{ name: "a" }, { name: "a", image: "b" }] } }],
      [DEPLOYMENTS, { metadata: { name: "x" }, spec: { selector: {}, template: {} } }],
      [
        DEPLOYMENTS,
        {
          metadata: { name: "x" },
          spec: {
            replicas: -1,
            selector: { matchLabels: { a: "b" } },
            template: { metadata: { labels: { a: "c" } }, spec: goodPod("x").spec },
          },
        },
      ],
      [SERVICES, { metadata: { name: "x" }, spec: { ports: [{ port: 0 }] } }],
      [SERVICES, { metadata: { name: "x" }, spec: { type: "Odd", ports: [{ port: 80 }] } }],
      [SERVICES, { metadata: { name: "x" }, spec: { clusterIP: "1.2.3.4", ports: [{ port: 80 }] } }],
      ["/api/v1/namespaces", { metadata: { name: "Not.A.Label" } }],
      [CONFIG_MAPS, { metadata: { name: "x", namespace: "other" } }],
      [CONFIG_MAPS, { metadata: { name: "x", resourceVersion: "5" } }],
      [CONFIG_MAPS, { metadata: { name: "x", annotations: { a: "v".repeat(300_000) } } }],
      [CONFIG_MAPS, { metadata: { name: "x", ownerReferences: [{}] } }],
      [CONFIG_MAPS, { metadata: { name: "x", finalizers: ["no slash"] } }],
    ] as const);
    return post(path, JSON.stringify(body), [400, 422]);
  },
  "a PUT that does not fit": (random) => {
    const metadata = random.pick([
      { name: "other" },
      {},
      { name: VICTIM, resourceVersion: "1" },
      { name: VICTIM, resourceVersion: "x" },
      { name: VICTIM, uid: "other" },
      { name: VICTIM, namespace: "other" },
    ]);
    return { ...post(`${CONFIG_MAPS}/${VICTIM}`, JSON.stringify({ metadata }), [400, 409]), method: "PUT" };
  },
  "a place that does not exist": (random) =>
    random.pick([
      get(`/api/v1/namespaces/default/${random.pick(["nothings", "Pods", "pod"])}`, [404]),
      get(`/apis/${random.pick(["nowhere.io", "apps", "__proto__"])}/v9/things`, [404]),
      get(`${CONFIG_MAPS}/none-${random.below(99)}`, [404]),
      get(`${PODS}/${VICTIM}/${random.pick(["none", "constructor", "__proto__"])}`, [404]),
      post("/api/v1/namespaces/nowhere/configmaps", '{"metadata":{"name":"x"}}', [404]),
      { ...get(`${CONFIG_MAPS}/gone`, [404]), method: "DELETE" },
      patch(`${CONFIG_MAPS}/gone`, "application/merge-patch+json", "{}", [404]),
    ]),
  "a method that is not allowed": (random) =>
    random.pick([
      { ...get(CONFIG_MAPS, [405]), method: "PUT" },
      { ...get(CONFIG_MAPS, [405]), method: "PATCH" },
      { ...get("/api/v1/namespaces", [405]), method: "DELETE" },
      post(`${CONFIG_MAPS}/${VICTIM}`, "{}", [405]),
      post("/api/v1/pods", "{}", [405]),
      { ...get(`${CONFIG_MAPS}/${VICTIM}`, [405]), method: "OPTIONS" },
      get("/apis/authorization.k8s.io/v1/subjectaccessreviews", [405]),
      post(`${PODS}/x/status`, "{}", [404, 405]),
    ]),
  "a path that is not one": (random) =>
    get(
      random.pick([
        "/api/v1/namespaces/default/configmaps/%zz",
        "/api/v1/namespaces/default/configmaps/%",
        "/api/v1/namespaces/default/configmaps/%ff",
        "/api/v1/namespaces/default/configmaps/..",
        "/api/v1/namespaces/%2e%2e/configmaps/x",
        "/api/v1/namespaces/default/configmaps/a%2fb%2fc%2fd",
        `/api/v1/namespaces/default/configmaps/${"n".repeat(20_000)}`,
        "/api/v1/namespaces/default/configmaps/a%00b",
      ]),
      [400, 404],
    ),
  "protobuf that is none": (random) => {
    const junk = Buffer.from(Array.from({ length: random.below(300) }, () => random.below(256)));
    const magic = random.next() < 0.8 ? Buffer.from([0x6b, 0x38, 0x73, 0x00]) : Buffer.alloc(0);
    return post(
      random.pick([CONFIG_MAPS, PODS, DEPLOYMENTS]),
      Buffer.concat([magic, junk]),
      [400, 422],
      "application/vnd.kubernetes.protobuf",
    );
  },
  "subresources with nonsense": (random) =>
    random.pick([
      post(`${PODS}/none/binding`, '{"target":{"name":""}}', [400]),
      post(`${PODS}/none/binding`, '{"metadata":{"name":"none"},"target":{"kind":"Moon","name":"m"}}', [404, 422]),
      post(`${PODS}/none/binding`, '{"metadata":{"name":"none"},"target":{"kind":"Node","name":"n"}}', [404]),
      post(`${PODS}/none/eviction`, '{"kind":"Eviction","apiVersion":"policy/v9"}', [400, 404]),
      {
        ...post(`${DEPLOYMENTS}/${VICTIM}/scale`, `{"metadata":{"name":"${VICTIM}"},"spec":{"replicas":-3}}`, [422]),
        method: "PUT",
      },
      {
        ...post(`${DEPLOYMENTS}/${VICTIM}/scale`, '{"metadata":{"name":"other"},"spec":{"replicas":3}}', [400]),
        method: "PUT",
      },
      patch(
        `${DEPLOYMENTS}/${VICTIM}/scale`,
        "application/merge-patch+json",
        '{"spec":{"replicas":"lots"}}',
        [400, 422],
      ),
      { ...post("/api/v1/namespaces/default/finalize", '{"metadata":{"name":"other"}}', [400]), method: "PUT" },
      post("/api/v1/namespaces/default/serviceaccounts/none/token", '{"spec":{"expirationSeconds":1}}', [404, 422]),
    ]),
  "reviews with nonsense": (random) =>
    random.pick([
      post("/apis/authorization.k8s.io/v1/subjectaccessreviews", '{"spec":{}}', [400, 422]),
      post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "[]", [400]),
      post("/apis/authentication.k8s.io/v1/tokenreviews", "{", [400]),
    ]),
  "a token that is none": (random) => ({
    ...get(random.pick([CONFIG_MAPS, "/api", "/version"]), [401]),
    headers: {
      authorization: random.pick([
        `Bearer ${text(random, 40).replaceAll('"', "")}`,
        "Bearer a.b.c",
        "Bearer ",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        "Bearer ..",
        `Bearer ${"x".repeat(50_000)}`,
      ]),
      "x-no-certificate": "1",
    },
  }),
  "an old revision": (random) =>
    get(
      `${CONFIG_MAPS}/${VICTIM}?resourceVersion=${random.pick(["x", "-5", "1e3", "99999999999999999999"])}`,
      [400, 504],
    ),
};

/** `count` requests, the kinds in turn. */
export function badRequests(random: SeededRandom, count: number): BadRequest[] {
  const kinds = Object.entries(MAKERS);
  return Array.from({ length: count }, (_, index) => {
    const [what, make] = kinds[index % kinds.length] ?? ["", () => get("/", [])];
    return { what, ...make(random) };
  });
}
