import fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { StatusError } from "../../shared/errors/status-error.ts";
import { stringifyJson } from "../../shared/machinery/lossless-json.ts";
import { decodeBody, type FieldValidation } from "./decode.ts";
import type { GroupVersionKind } from "./definitions.ts";

const POD = { group: "", version: "v1", kind: "Pod" };
const DEPLOYMENT = { group: "apps", version: "v1", kind: "Deployment" };
const CONFIG_MAP = { group: "", version: "v1", kind: "ConfigMap" };
const GOLDEN = join(import.meta.dirname, "../../test/golden/protobuf");

interface Options {
  readonly contentType?: string;
  readonly fieldValidation?: FieldValidation;
  readonly expected?: GroupVersionKind;
}

function decode(
  body: string | object,
  { contentType = "application/json", fieldValidation = "Warn", expected = DEPLOYMENT }: Options = {},
): ReturnType<typeof decodeBody> {
  const text = typeof body === "string" ? body : stringifyJson(body);
  return decodeBody({ bytes: new TextEncoder().encode(text), contentType, fieldValidation, expected });
}

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof StatusError) return `${error.code} ${error.message}`;
    throw error;
  }
  return "no error";
}

describe("a JSON body", () => {
  it("gets the kind of the endpoint when it names none", () => {
    expect(decode("{}").object).toMatchObject({
      kind: "Deployment",
      apiVersion: "apps/v1",
      spec: { template: {}, strategy: {} },
      status: {},
    });
  });

  it.each<[string, object, string]>([
    [
      "replicas",
      { spec: { replicas: "x" } },
      "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
    ],
    [
      "a fraction",
      { spec: { replicas: 1.5 } },
      "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
    ],
    [
      "a struct",
      { spec: [] },
      "json: cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec",
    ],
    [
      "a list",
      { spec: { template: { spec: { containers: {} } } } },
      "json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container",
    ],
    [
      "an element",
      { spec: { template: { spec: { containers: [{ name: 5 }] } } } },
      "json: cannot unmarshal number into Go struct field Container.spec.template.spec.containers.name of type string",
    ],
    [
      "a map",
      { metadata: { labels: { a: 1 } } },
      "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
    ],
    [
      "a quantity",
      { spec: { template: { spec: { containers: [{ resources: { limits: { cpu: "1x" } } }] } } } },
      "quantities must match the regular expression",
    ],
    [
      "a time",
      { metadata: { creationTimestamp: "yesterday" } },
      'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
    ],
  ])("of the wrong type in %s is refused in Go's words", (_, body, message) => {
    expect(messageOf(() => decode(body))).toContain(
      `400 Deployment in version "v1" cannot be handled as a Deployment: ${message}`,
    );
  });

  it("canonicalises quantities and times, and takes numbers for quantities", () => {
    const { object } = decode(
      {
        metadata: { creationTimestamp: "2026-01-01T01:00:00.5+01:00" },
        spec: { containers: [{ resources: { limits: { cpu: 0.5, memory: "1024Mi" } } }] },
      },
      { expected: POD },
    );
    expect(object).toMatchObject({
      metadata: { creationTimestamp: "2026-01-01T00:00:00Z" },
      spec: { containers: [{ resources: { limits: { cpu: "500m", memory: "1Gi" } } }] },
    });
  });

  it("treats null as absent, and as the zero value inside lists and maps", () => {
    expect(
      decode({ data: { a: null, b: "" }, metadata: { labels: null, finalizers: [null] } }, { expected: CONFIG_MAP })
        .object,
    ).toEqual({
      kind: "ConfigMap",
      apiVersion: "v1",
      data: { a: "", b: "" },
      metadata: { finalizers: [""] },
    });
  });

  it("drops zero values that Go would not print and keeps those it tells apart", () => {
    const { object } = decode({
      metadata: { name: "x", generateName: "", labels: {} },
      spec: { replicas: 0, paused: false, minReadySeconds: 0 },
    });
    expect(object).toMatchObject({ metadata: { name: "x" }, spec: { replicas: 0 } });
    expect(Object.keys((object as { spec: object }).spec).toSorted()).toEqual(["replicas", "strategy", "template"]);
  });

  it("keeps empty structs that mean something", () => {
    const { object } = decode({ spec: { volumes: [{ name: "v", emptyDir: {} }], containers: [] } }, { expected: POD });
    expect(object).toMatchObject({ spec: { volumes: [{ name: "v", emptyDir: {} }], containers: [] } });
  });

  it("is pruned of unknown fields, with a warning or an error as asked", () => {
    const body =
      '{"spec":{"replicaz":1,"template":{"spec":{"containers":[{"name":"a","imagez":"b","image":"x","image":"y"}]}}}}';
    const problems = [
      'unknown field "spec.replicaz"',
      'unknown field "spec.template.spec.containers[0].imagez"',
      'duplicate field "spec.template.spec.containers[0].image"',
    ];
    expect(decode(body).warnings).toEqual(problems);
    expect(decode('{"metadata":{"unknownMeta":1}}').warnings).toEqual(['unknown field "metadata.unknownMeta"']);
    expect(decode(body, { fieldValidation: "Ignore" }).warnings).toEqual([]);
    expect(stringifyJson(decode(body).object)).not.toContain("imagez");
    expect(messageOf(() => decode(body, { fieldValidation: "Strict" }))).toBe(
      `400 Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: ${problems.join(", ")}`,
    );
  });

  it.each([
    [
      "{",
      "the object provided is unrecognized (must be of type Deployment): couldn't get version/kind; json parse error: unexpected end of JSON input ({)",
    ],
    [
      "",
      "the object provided is unrecognized (must be of type Deployment): couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)",
    ],
    [
      '{"kind":"Pod","apiVersion":"v1"}',
      'Pod in version "v1" cannot be handled as a Deployment: converting (v1.Pod) to (v1.Deployment): unknown conversion',
    ],
    [
      '{"kind":"Deployment","apiVersion":"apps/v9"}',
      'Deployment in version "v9" cannot be handled as a Deployment: no kind "Deployment" is registered for version "apps/v9"',
    ],
    ['{"kind":"Deployment","apiVersion":"a/b/c"}', "unexpected GroupVersion string: a/b/c"],
    ['{"kind":5}', "cannot unmarshal number into Go struct field .kind of type string"],
    [`${"[".repeat(100_000)}`, "exceeded max depth"],
  ])("%#: of no use is refused", (body, message) => {
    expect(messageOf(() => decode(body))).toContain(message);
  });

  it("of another version of the same kind is refused", () => {
    const expected = { group: "autoscaling", version: "v2", kind: "HorizontalPodAutoscaler" };
    expect(
      messageOf(() => decode('{"kind":"HorizontalPodAutoscaler","apiVersion":"autoscaling/v1"}', { expected })),
    ).toBe("400 the API version in the data (autoscaling/v1) does not match the expected API version (autoscaling/v2)");
  });

  it("keeps large integers and keys named __proto__", () => {
    const body =
      '{"metadata":{"generation":9007199254740993,"labels":{"__proto__":"x"}},"__proto__":{"polluted":true}}';
    const { object } = decode(body, { expected: CONFIG_MAP });
    expect(stringifyJson(object)).toBe(
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"generation":9007199254740993,"labels":{"__proto__":"x"}}}',
    );
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("refuses base64 that is none", () => {
    const expected = { group: "", version: "v1", kind: "Secret" };
    expect(messageOf(() => decode({ data: { a: "not base64!" } }, { expected }))).toContain(
      "illegal base64 data at input byte 3",
    );
  });
});

describe("a YAML body", () => {
  const yaml = { contentType: "application/yaml", expected: CONFIG_MAP };

  it("is read by the rules of YAML 1.1, without timestamps", () => {
    const text =
      'kind: ConfigMap\napiVersion: v1\nmetadata: {name: x, annotations: {at: 2026-01-01, time: "12:30"}}\nimmutable: on\ndata: {a: "yes"}\n';
    expect(decode(text, yaml).object).toEqual({
      kind: "ConfigMap",
      apiVersion: "v1",
      metadata: { name: "x", annotations: { at: "2026-01-01", time: "12:30" } },
      immutable: true,
      data: { a: "yes" },
    });
  });

  it("names keys that are given twice with their line", () => {
    const text = "data:\n  a: one\n  a: two\n";
    expect(decode(text, yaml).warnings).toEqual(['yaml: unmarshal errors:\n  line 3: key "a" already set in map']);
    expect(messageOf(() => decode(text, { ...yaml, fieldValidation: "Strict" }))).toContain(
      'strict decoding error: yaml: unmarshal errors:\n  line 3: key "a" already set in map',
    );
  });

  it("may be JSON of any size", () => {
    const data = Object.fromEntries(Array.from({ length: 120_000 }, (_, index) => [`k${index}`, ""]));
    expect((decode({ data }, yaml).object as { data: object }).data).toEqual(data);
  });

  it("is refused when it is no YAML, too deep or blown up by aliases", () => {
    expect(messageOf(() => decode("a: b: c", yaml))).toMatch(/^400 .*error converting YAML to JSON: yaml: line 1/);
    expect(messageOf(() => decode("[".repeat(5000), yaml))).toContain("exceeded max depth");
    expect(messageOf(() => decode("- a\n".repeat(200_000), yaml))).toContain("send it as JSON");
    const bomb = [
      "a: &a [x,x,x,x,x,x,x,x,x]",
      ...Array.from(
        "bcdefgh",
        (name, index) => `${name}: &${name} [${Array(9).fill(`*${"abcdefg"[index]}`).join(",")}]`,
      ),
    ].join("\n");
    expect(messageOf(() => decode(`data:\n  ${bomb.replaceAll("\n", "\n  ")}`, yaml))).toMatch(/^400 .*alias/i);
  });
});

describe("any body", () => {
  it("of another content type is 415", () => {
    expect(messageOf(() => decode("x", { contentType: "application/cbor" }))).toBe(
      "415 the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf",
    );
  });

  it("either decodes or is refused with a 4xx, whatever is broken in it", () => {
    const files = readdirSync(GOLDEN);
    const bodies = files.map((file) => ({ bytes: readFileSync(join(GOLDEN, file)), isProtobuf: file.endsWith(".pb") }));
    const change = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), byte: fc.nat(255), cut: fc.nat(3) });
    fc.assert(
      fc.property(
        fc.nat(bodies.length - 1),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        (index, changes, asYaml) => {
          const body = bodies[index] ?? { bytes: Buffer.alloc(0), isProtobuf: false };
          let bytes = Buffer.from(body.bytes);
          for (const { at, byte, cut } of changes) {
            const position = Math.floor(at * (bytes.length - 1));
            bytes = Buffer.concat([bytes.subarray(0, position), Buffer.from([byte]), bytes.subarray(position + cut)]);
          }
          const contentType = body.isProtobuf
            ? "application/vnd.kubernetes.protobuf"
            : asYaml && bytes.length < 5000
              ? "application/yaml"
              : "application/json";
          const outcome = messageOf(() => decodeBody({ bytes, contentType, fieldValidation: "Strict", expected: POD }));
          expect(outcome).toMatch(/^(no error|4\d\d )/);
        },
      ),
      { numRuns: 500 },
    );
  });
});
