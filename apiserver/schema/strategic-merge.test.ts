import { strategicMergePatch } from "./strategic-merge.ts";

const POD = { group: "", version: "v1", kind: "Pod" };
const DEPLOYMENT = { group: "apps", version: "v1", kind: "Deployment" };
const SERVICE = { group: "", version: "v1", kind: "Service" };

const podWith = (...containers: object[]): object => ({ spec: { containers } });
const patchPod = (original: object, spec: object): unknown => strategicMergePatch(POD, original, { spec });

describe("a strategic merge patch", () => {
  it("merges lists by their key and puts new elements in front", () => {
    const original = podWith({ name: "a", image: "a:1" }, { name: "b", image: "b:1" });
    expect(
      patchPod(original, {
        containers: [
          { name: "b", image: "b:2" },
          { name: "c", image: "c:1" },
        ],
      }),
    ).toEqual(podWith({ name: "a", image: "a:1" }, { name: "b", image: "b:2" }, { name: "c", image: "c:1" }));
    expect(patchPod(original, { containers: [{ name: "c", image: "c:1" }] })).toEqual(
      podWith({ name: "c", image: "c:1" }, { name: "a", image: "a:1" }, { name: "b", image: "b:1" }),
    );
  });

  it("leaves its arguments alone", () => {
    const original = podWith({ name: "a", env: [{ name: "X", value: "1" }] });
    const before = structuredClone(original);
    patchPod(original, { containers: [{ name: "a", env: [{ name: "X", value: "2" }] }] });
    expect(original).toEqual(before);
  });

  it("removes fields and does not add the nulls of fields that are missing", () => {
    expect(
      strategicMergePatch(
        POD,
        { metadata: { labels: { a: "1", b: "2" } } },
        { metadata: { labels: { a: null, c: null }, annotations: { x: null } } },
      ),
    ).toEqual({
      metadata: { labels: { b: "2" }, annotations: {} },
    });
  });

  it("deletes one element, replaces a whole list, replaces and deletes maps", () => {
    const original = podWith({ name: "a" }, { name: "b" });
    expect(patchPod(original, { containers: [{ name: "a", $patch: "delete" }] })).toEqual(podWith({ name: "b" }));
    expect(patchPod(original, { containers: [{ $patch: "replace" }, { name: "z" }] })).toEqual(podWith({ name: "z" }));
    expect(patchPod({ spec: { nodeSelector: { a: "1" } } }, { nodeSelector: { $patch: "replace", b: "2" } })).toEqual({
      spec: { nodeSelector: { b: "2" } },
    });
    expect(patchPod({ spec: { nodeSelector: { a: "1" } } }, { nodeSelector: { $patch: "delete" } })).toEqual({
      spec: { nodeSelector: {} },
    });
  });

  it("keeps only the retained keys", () => {
    const original = { spec: { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } } } };
    expect(
      strategicMergePatch(DEPLOYMENT, original, { spec: { strategy: { $retainKeys: ["type"], type: "Recreate" } } }),
    ).toEqual({
      spec: { strategy: { type: "Recreate" } },
    });
    expect(() =>
      strategicMergePatch(DEPLOYMENT, original, { spec: { strategy: { $retainKeys: ["type"], rollingUpdate: {} } } }),
    ).toThrow("$retainKeys");
  });

  it("orders elements as it is told", () => {
    const original = podWith({ name: "a" }, { name: "b" }, { name: "c" });
    expect(
      patchPod(original, {
        $setElementOrder: undefined,
        "$setElementOrder/containers": [{ name: "c" }, { name: "a" }],
      }),
    ).toEqual(podWith({ name: "b" }, { name: "c" }, { name: "a" }));
    expect(
      patchPod(original, {
        "$setElementOrder/containers": [{ name: "a" }, { name: "d" }, { name: "b" }, { name: "c" }],
        containers: [{ name: "d" }],
      }),
    ).toEqual(podWith({ name: "a" }, { name: "d" }, { name: "b" }, { name: "c" }));
  });

  it("deletes from and adds to lists of scalars", () => {
    const original = { metadata: { finalizers: ["a/1", "b/2"] } };
    expect(
      strategicMergePatch(POD, original, { metadata: { "$deleteFromPrimitiveList/finalizers": ["a/1"] } }),
    ).toEqual({ metadata: { finalizers: ["b/2"] } });
    expect(
      strategicMergePatch(POD, original, {
        metadata: {
          "$deleteFromPrimitiveList/finalizers": ["a/1"],
          "$setElementOrder/finalizers": ["b/2", "c/3"],
          finalizers: ["c/3"],
        },
      }),
    ).toEqual({
      metadata: { finalizers: ["b/2", "c/3"] },
    });
  });

  it("replaces lists that have no merge strategy", () => {
    expect(patchPod(podWith({ name: "a", args: ["x", "y"] }), { containers: [{ name: "a", args: ["z"] }] })).toEqual(
      podWith({ name: "a", args: ["z"] }),
    );
  });

  it("merges service ports by port", () => {
    const original = { spec: { ports: [{ port: 80, name: "http" }] } };
    expect(
      strategicMergePatch(SERVICE, original, { spec: { ports: [{ port: 80, targetPort: 8080 }, { port: 443 }] } }),
    ).toEqual({
      spec: { ports: [{ port: 80, name: "http", targetPort: 8080 }, { port: 443 }] },
    });
  });

  it("refuses elements without the merge key and unknown directives", () => {
    expect(() => patchPod(podWith({ name: "a" }), { containers: [{ image: "x" }] })).toThrow(
      "does not contain declared merge key: name",
    );
    expect(() => patchPod(podWith(), { nodeSelector: { $patch: "explode" } })).toThrow(
      "unknown patch type found: explode",
    );
    expect(() => strategicMergePatch(POD, {}, [1])).toThrow("must be an object");
  });

  it("matches long lists in one pass over each", () => {
    const finalizers = Array.from({ length: 60_000 }, (_, index) => `example.com/${index}`);
    const containers = finalizers.map((name) => ({ name }));
    const original = { metadata: { finalizers }, spec: { containers } };
    expect(strategicMergePatch(POD, original, original)).toEqual(original);
    const emptied = strategicMergePatch(POD, original, {
      metadata: { "$deleteFromPrimitiveList/finalizers": finalizers },
      spec: { containers: containers.map((container) => ({ ...container, $patch: "delete" })) },
    });
    expect(emptied).toEqual({ metadata: { finalizers: [] }, spec: { containers: [] } });
  });

  it("does not reach the prototype", () => {
    const patch: unknown = JSON.parse('{"metadata":{"labels":{"__proto__":"x"}},"__proto__":{"polluted":1}}');
    const result = strategicMergePatch(POD, {}, patch) as Record<string, unknown>;
    expect(result["polluted"]).toBeUndefined();
    expect(JSON.stringify(result)).toBe('{"metadata":{"labels":{"__proto__":"x"}},"__proto__":{"polluted":1}}');
  });
});
