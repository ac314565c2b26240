import { Reader } from "protobufjs/minimal.js";
import { builtInStrategies } from "../resources/all.ts";
import { documentV2 } from "./document-v2.ts";
import { documentV3 } from "./document-v3.ts";
import { operationsOf } from "./operations.ts";
import { encodeDocumentV2 } from "./protobuf-v2.ts";
import { encodeDocumentV3 } from "./protobuf-v3.ts";

const VERSION = "v1.36.0";
const operations = operationsOf(builtInStrategies);
const v2 = documentV2(operations, VERSION);

interface Schema {
  description?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  allOf?: { $ref: string }[];
  default?: unknown;
}

/** Every `$ref` of a document. */
function refsOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) =>
    key === "$ref" && typeof child === "string" ? [child] : refsOf(child),
  );
}

/** Names of the map entries below the fields `path` of a message, as a client finds them. */
function namesIn(bytes: Uint8Array, ...path: readonly number[]): string[] {
  const names: string[] = [];
  const walk = (reader: Reader, end: number, [field, ...rest]: readonly number[]): void => {
    while (reader.pos < end) {
      const tag = reader.uint32();
      if ((tag & 7) !== 2) {
        reader.skipType(tag & 7);
        continue;
      }
      const length = reader.uint32();
      const stop = reader.pos + length;
      if (tag >>> 3 === (field ?? 1)) {
        if (field === undefined) names.push(new TextDecoder().decode(bytes.subarray(reader.pos, stop)));
        else walk(reader, stop, rest);
      }
      reader.pos = stop;
    }
  };
  const root = Reader.create(bytes);
  walk(root, root.len, path);
  return names;
}

describe("OpenAPI", () => {
  it("gives every operation an id of its own", () => {
    expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
  });

  it("refers only to what the document has", () => {
    for (const ref of refsOf(v2)) expect(v2.definitions).toHaveProperty([ref.replace("#/definitions/", "")]);
    const v3 = documentV3(operations, VERSION) as { components: { schemas: Record<string, Schema> } };
    for (const ref of refsOf(v3))
      expect(v3.components.schemas).toHaveProperty([ref.replace("#/components/schemas/", "")]);
  });

  it("tells clients that PATCH takes fieldValidation", () => {
    const patch = v2.paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]?.["patch"];
    expect(patch?.parameters.map(({ name }) => name)).toContain("fieldValidation");
    expect(patch?.["x-kubernetes-group-version-kind"]).toEqual({ group: "apps", version: "v1", kind: "Deployment" });
    expect(patch?.["x-kubernetes-action"]).toBe("patch");
  });

  it("keeps patch strategies and texts", () => {
    const spec = v2.definitions["io.k8s.api.core.v1.PodSpec"] as Schema;
    expect(spec.properties?.["containers"]).toMatchObject({
      "x-kubernetes-patch-merge-key": "name",
      "x-kubernetes-patch-strategy": "merge",
    });
    expect(spec.properties?.["nodeName"]?.description).toContain("node");
    const { components } = documentV3(operations, VERSION) as { components: { schemas: Record<string, Schema> } };
    const metadata = components.schemas["io.k8s.api.core.v1.Pod"]?.properties?.["metadata"];
    expect(metadata).toMatchObject({
      allOf: [{ $ref: "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" }],
      default: {},
    });
    expect(metadata?.description).toContain("metadata");
  });

  it("has every path and definition in its protobuf form", () => {
    const bytes = encodeDocumentV2(v2);
    expect(namesIn(bytes, 8, 2)).toEqual(Object.keys(v2.paths));
    expect(namesIn(bytes, 9, 1)).toEqual(Object.keys(v2.definitions));
  });

  it("has every path, operation and schema of version 3 in its protobuf form", () => {
    const document = documentV3(operations, VERSION) as {
      paths: Record<string, object>;
      components: { schemas: Record<string, Schema> };
    };
    const bytes = encodeDocumentV3(document);
    expect(namesIn(bytes, 4, 1)).toEqual(Object.keys(document.paths));
    expect(namesIn(bytes, 5, 1, 1)).toEqual(Object.keys(document.components.schemas));
    // Paths → NamedPathItem.value → patch → parameters → parameter.name: how kubectl finds `fieldValidation`.
    // Proxies pass PATCH on and validate nothing.
    const patched = operations.filter(({ method, action }) => method === "patch" && action === "patch").length;
    const found = namesIn(bytes, 4, 1, 2, 10, 6, 1).filter((name) => name === "fieldValidation");
    expect(found).toHaveLength(patched);
  });
});
