import { applyJsonPatch, JsonPatchError, type JsonPatchOperation, parseJsonPatch } from "./json-patch.ts";
import { applyMergePatch } from "./merge-patch.ts";

describe("a merge patch", () => {
  // The examples of RFC 7386, appendix A.
  it.each([
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [
      ["a", "b"],
      ["c", "d"],
      ["c", "d"],
    ],
    [{ a: "b" }, ["c"], ["c"]],
    [{ a: "foo" }, null, null],
    [{ a: "foo" }, "bar", "bar"],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])("of %j with %j is %j", (target, patch, result) => {
    expect(applyMergePatch(target, patch)).toEqual(result);
  });

  it("does not reach the prototype", () => {
    const patch: unknown = JSON.parse('{"__proto__":{"polluted":1}}');
    const result = applyMergePatch({}, patch) as Record<string, unknown>;
    expect(Object.keys(result)).toEqual(["__proto__"]);
    expect(result["polluted"]).toBeUndefined();
  });
});

describe("a JSON patch", () => {
  const apply = (document: unknown, ...operations: JsonPatchOperation[]): unknown =>
    applyJsonPatch(document, operations);

  it("adds, removes, replaces, moves, copies and tests", () => {
    expect(apply({ a: [1, 3] }, { op: "add", path: "/a/1", value: 2 }, { op: "add", path: "/a/-", value: 4 })).toEqual({
      a: [1, 2, 3, 4],
    });
    expect(apply({ a: 1, b: 2 }, { op: "remove", path: "/a" })).toEqual({ b: 2 });
    expect(apply({ a: { b: 1 } }, { op: "replace", path: "/a/b", value: null })).toEqual({ a: { b: null } });
    expect(apply({ a: 1 }, { op: "move", from: "/a", path: "/b" })).toEqual({ b: 1 });
    expect(apply({ a: { x: 1 } }, { op: "copy", from: "/a", path: "/b" })).toEqual({ a: { x: 1 }, b: { x: 1 } });
    expect(apply({ "a/b": { "m~n": 1 } }, { op: "test", path: "/a~1b/m~0n", value: 1 })).toEqual({
      "a/b": { "m~n": 1 },
    });
    expect(apply({ a: [1, 2, 3] }, { op: "remove", path: "/a/-1" })).toEqual({ a: [1, 2] });
  });

  it.each<[unknown, JsonPatchOperation, string]>([
    [{ a: 1 }, { op: "test", path: "/a", value: 2 }, "testing value /a failed: test failed"],
    [
      {},
      { op: "remove", path: "/a" },
      "error in remove for path: '/a': Unable to remove nonexistent key: a: missing value",
    ],
    [
      {},
      { op: "replace", path: "/a", value: 1 },
      "replace operation does not apply: doc is missing key: /a: missing value",
    ],
    [
      {},
      { op: "add", path: "/a/b", value: 1 },
      'add operation does not apply: doc is missing path: "/a/b": missing value',
    ],
    [{ a: [] }, { op: "add", path: "/a/5", value: 1 }, "invalid index referenced"],
    [{}, { op: "jump", path: "/a" }, "Unexpected kind: jump"],
    [{}, { op: "add", path: "/a" }, "add operation missing value"],
  ])("of %j with %j fails", (document, operation, message) => {
    expect(() => apply(document, operation)).toThrow(message);
  });

  it("leaves the document alone when a later operation fails", () => {
    const document = { a: [1] };
    expect(() => apply(document, { op: "add", path: "/a/-", value: 2 }, { op: "remove", path: "/x" })).toThrow(
      JsonPatchError,
    );
    expect(document).toEqual({ a: [1] });
  });

  it("is refused when it is no list or too long", () => {
    expect(() => parseJsonPatch({})).toThrow("cannot unmarshal object into Go value of type jsonpatch.Patch");
    expect(() => parseJsonPatch(Array.from({ length: 10_001 }, () => ({})))).toThrow(
      "The allowed maximum operations in a JSON patch is 10000, got 10001",
    );
    expect(() => parseJsonPatch([1])).toThrow(JsonPatchError);
  });

  it("does not let copies grow without bound", () => {
    const operations = Array.from({ length: 64 }, () => ({ op: "copy", from: "/a", path: "/a/-" }));
    expect(() => apply({ a: ["0123456789"] }, ...operations)).toThrow("Unable to complete the copy");
  });

  it("does not reach the prototype", () => {
    const result = apply({}, { op: "add", path: "/__proto__", value: { polluted: 1 } }) as Record<string, unknown>;
    expect(result["polluted"]).toBeUndefined();
    expect(() => apply({}, { op: "add", path: "/__proto__/polluted", value: 1 })).toThrow(JsonPatchError);
    expect(() => apply({}, { op: "add", path: "/constructor/prototype/x", value: 1 })).toThrow(JsonPatchError);
  });
});
