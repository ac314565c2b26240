import { createRequire } from "node:module";
import { join } from "node:path";
import fc from "fast-check";
import protobuf from "protobufjs";
import {
  decodeRange,
  decodeWrite,
  encodeGuardedWrite,
  encodeRange,
  type GuardedWrite,
  type RangeCall,
} from "./kv-messages.ts";
import type { Field } from "./wire.ts";

/** etcd's own definitions, as the general client brings them. */
const folder = join(createRequire(import.meta.url).resolve("etcd3"), "..", "..", "proto");
const root = protobuf.loadSync(join(folder, "rpc.proto"));

const type = (name: string): protobuf.Type => root.lookupType(`etcdserverpb.${name}`);

function read(name: string, fields: Field): Record<string, unknown> {
  const message = type(name).decode(Buffer.concat(fields));
  return type(name).toObject(message, { longs: String, bytes: String, enums: String }) as Record<string, unknown>;
}

function written(name: string, object: Record<string, unknown>): Buffer {
  const problem = type(name).verify(object);
  if (problem !== null) throw new Error(problem);
  return Buffer.from(type(name).encode(type(name).fromObject(object)).finish());
}

const base64 = (text: string | Buffer): string => Buffer.from(text).toString("base64");

const REQUESTS: [string, Field, string, object][] = [
  ["one key", encodeRange({ key: "/a" }), "RangeRequest", { key: base64("/a") }],
  [
    "a page of a range at a revision",
    encodeRange({ key: "/a", end: Buffer.from("/b"), limit: 500, revision: 2 ** 52 }),
    "RangeRequest",
    { key: base64("/a"), rangeEnd: base64("/b"), limit: "500", revision: String(2 ** 52) },
  ],
  [
    "a count",
    encodeRange({ key: "/ä", end: Buffer.from([0xff]), isCountOnly: true }),
    "RangeRequest",
    { key: base64("/ä"), rangeEnd: base64(Buffer.from([0xff])), countOnly: true },
  ],
  [
    "a creation with a lease of 63 bits",
    encodeGuardedWrite({ key: "/a", expected: 0, put: { value: Buffer.from("v"), lease: "7587876543210987654" } }),
    "TxnRequest",
    {
      compare: [{ target: "Mod", key: base64("/a"), modRevision: "0" }],
      success: [{ requestPut: { key: base64("/a"), value: base64("v"), lease: "7587876543210987654" } }],
      failure: [{ requestRange: { key: base64("/a") } }],
    },
  ],
  [
    "an update",
    encodeGuardedWrite({ key: "/a", expected: 300, put: { value: Buffer.alloc(200, "v") } }),
    "TxnRequest",
    {
      compare: [{ target: "Mod", key: base64("/a"), modRevision: "300" }],
      success: [{ requestPut: { key: base64("/a"), value: base64("v".repeat(200)) } }],
      failure: [{ requestRange: { key: base64("/a") } }],
    },
  ],
  [
    "a deletion",
    encodeGuardedWrite({ key: "/a", expected: 7, put: undefined }),
    "TxnRequest",
    {
      compare: [{ target: "Mod", key: base64("/a"), modRevision: "7" }],
      success: [{ requestDeleteRange: { key: base64("/a") } }],
      failure: [{ requestRange: { key: base64("/a") } }],
    },
  ],
];

const HEADER = { clusterId: 14841639068965, memberId: 10276657743932, revision: 42, raftTerm: 9 };
const KV = {
  key: Buffer.from("/a"),
  createRevision: 3,
  modRevision: 41,
  version: 2,
  value: Buffer.from("v"),
  lease: 5,
};
const ITEM = { key: "/a", createRevision: 3, modRevision: 41, value: Buffer.from("v") };

describe("requests to etcd", () => {
  it.each(REQUESTS)("asks for %s in etcd's own form", (_what, fields, name, expected) => {
    expect(read(name, fields)).toEqual(expected);
  });

  it("carries any key, value and revision", () => {
    const revision = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.uint8Array(), revision, (key, bytes, expected) => {
        const write: GuardedWrite = { key, expected, put: { value: Buffer.from(bytes) } };
        const { compare, success } = read("TxnRequest", encodeGuardedWrite(write)) as {
          compare: { modRevision: string }[];
          success: { requestPut: { key?: string; value?: string } }[];
        };
        expect(compare[0]?.modRevision).toBe(String(expected));
        expect(success[0]?.requestPut.key ?? "").toBe(base64(key));
        expect(success[0]?.requestPut.value ?? "").toBe(base64(Buffer.from(bytes)));
        const range: RangeCall = { key, revision: expected };
        expect(read("RangeRequest", encodeRange(range))["revision"] ?? "0").toBe(String(expected));
      }),
      { numRuns: 200 },
    );
  });
});

describe("answers of etcd", () => {
  it("gives the items of a range, the revision and the count", () => {
    const bytes = written("RangeResponse", {
      header: HEADER,
      kvs: [KV, { ...KV, key: Buffer.from("/b") }],
      count: 900,
    });
    expect(decodeRange(bytes)).toEqual({ items: [ITEM, { ...ITEM, key: "/b" }], revision: 42, count: 900 });
  });

  it("gives an empty range and an empty value", () => {
    expect(decodeRange(written("RangeResponse", { header: HEADER }))).toEqual({ items: [], revision: 42, count: 0 });
    const bytes = written("RangeResponse", { header: HEADER, kvs: [{ ...KV, value: Buffer.alloc(0) }], count: 1 });
    expect(decodeRange(bytes).items[0]?.value).toHaveLength(0);
  });

  it("tells a write that happened from one that found something else", () => {
    const done = { header: HEADER, succeeded: true, responses: [{ responsePut: { header: HEADER } }] };
    expect(decodeWrite(written("TxnResponse", done))).toEqual({ isDone: true, revision: 42, current: undefined });
    const conflict = { header: HEADER, responses: [{ responseRange: { header: HEADER, kvs: [KV], count: 1 } }] };
    expect(decodeWrite(written("TxnResponse", conflict))).toEqual({ isDone: false, revision: 42, current: ITEM });
    const missing = { header: HEADER, responses: [{ responseRange: { header: HEADER } }] };
    expect(decodeWrite(written("TxnResponse", missing))).toEqual({ isDone: false, revision: 42, current: undefined });
  });

  it("refuses an answer that was cut anywhere inside, and never reads beyond it", () => {
    const bytes = written("RangeResponse", { header: HEADER, kvs: [KV], count: 1 });
    for (let length = 1; length < bytes.length; length++) {
      const cut = bytes.subarray(0, length);
      try {
        expect(decodeRange(cut).items.length).toBeLessThanOrEqual(1);
      } catch (error) {
        expect(String(error)).toMatch(/ended early/u);
      }
    }
  });
});
