import { decodeStored, encodeStored, parseStored, withRevision } from "./codec.ts";
import { compareKeys, prefixEnd } from "./keys.ts";

const pod = {
  metadata: { name: "a", resourceVersion: "7", labels: { x: "1" } },
  spec: { n: 1 },
  kind: "Pod",
  apiVersion: "v1",
};

describe("stored bytes", () => {
  it("have no resourceVersion, and kind, apiVersion and metadata first", () => {
    const text = encodeStored(pod).toString();
    expect(text).toBe('{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","labels":{"x":"1"}},"spec":{"n":1}}');
    expect(pod.metadata.resourceVersion).toBe("7");
  });

  it("get the revision spliced in, and replaced", () => {
    const wire = withRevision(encodeStored(pod), 12);
    expect(JSON.parse(wire.toString())).toEqual({ ...pod, metadata: { ...pod.metadata, resourceVersion: "12" } });
    const again = withRevision(wire, 345);
    expect(again.toString()).toBe(wire.toString().replace('"12"', '"345"'));
  });

  it("work with metadata that has no other field", () => {
    const empty = encodeStored({ kind: "X", apiVersion: "v1", metadata: {} });
    const wire = withRevision(empty, 3);
    expect(JSON.parse(wire.toString())).toEqual({ kind: "X", apiVersion: "v1", metadata: { resourceVersion: "3" } });
    expect(withRevision(wire, 4).toString()).toBe(wire.toString().replace('"3"', '"4"'));
  });

  it("of somebody else are put in order first", () => {
    const foreign = Buffer.from(
      '{"spec":{"metadata":{"resourceVersion":"1"}},"metadata":{"name":"a"},"kind":"K","apiVersion":"v1"}',
    );
    const wire = JSON.parse(withRevision(foreign, 9).toString()) as typeof pod;
    expect(wire.metadata).toEqual({ name: "a", resourceVersion: "9" });
    expect(wire.spec).toEqual({ metadata: { resourceVersion: "1" } });
  });

  it("do not mistake an annotation for the metadata", () => {
    const tricky = {
      kind: "K",
      apiVersion: "v1",
      metadata: { name: "a", annotations: { a: '"metadata":{' } },
      data: '"metadata":{',
    };
    expect(JSON.parse(withRevision(encodeStored(tricky), 5).toString())).toEqual({
      ...tricky,
      metadata: { ...tricky.metadata, resourceVersion: "5" },
    });
  });

  it("keep integers that a double cannot hold", () => {
    const stored = Buffer.from('{"kind":"K","apiVersion":"v1","metadata":{"name":"a"},"n":9007199254740993}');
    expect(encodeStored(parseStored(stored)).equals(stored)).toBe(true);
    expect(decodeStored(stored, 4).metadata.resourceVersion).toBe("4");
  });
});

describe("keys", () => {
  it("sort as their bytes do", () => {
    const keys = ["a", "a/b", "a-b", "b", "\u{1f600}", "\uffee", "", "z"];
    const byBytes = keys.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
    expect(keys.toSorted(compareKeys)).toEqual(byBytes);
  });

  it("of a prefix end before the next prefix", () => {
    expect(prefixEnd("/registry/").toString()).toBe("/registry0");
    expect(prefixEnd("").equals(Buffer.from([0]))).toBe(true);
  });
});
