import { crc32, gunzipSync } from "node:zlib";
import { CachedRow } from "../../watch-cache/cached-row.ts";
import { SlabList } from "../../watch-cache/slab-list.ts";
import { crc32Combine, crcShift } from "./crc32-combine.ts";
import { gzipParts } from "./gzip-segments.ts";

it("combines the CRCs of two runs", () => {
  for (const length of [0, 1, 2, 3, 100, 65_537, 1_000_003]) {
    const [first, second] = [Buffer.alloc(1234, "first"), Buffer.alloc(length, "second run")];
    expect(crc32Combine(crc32(first), crc32(second), crcShift(length))).toBe(crc32(Buffer.concat([first, second])));
  }
});

it("splices one gzip member that is the list", async () => {
  const list = new SlabList();
  for (let index = 0; index < 1000; index++) {
    const json = Buffer.from(JSON.stringify({ index, text: "x".repeat(index) }));
    list.set(new CachedRow(`/r/${index % 3}/${index}`, 1, json, { name: "a" }, []));
  }
  for (const prefix of ["/r/", "/r/1/", "/r/none/"]) {
    const snapshot = list.snapshot();
    for (let round = 0; round < 2; round++) {
      const pieces: Buffer[] = [];
      for await (const piece of gzipParts(Buffer.from("["), snapshot.parts(prefix), Buffer.from("]")))
        pieces.push(piece);
      const expected = [...snapshot.rows(prefix)].map((row) => row.bytes.toString()).join(",");
      expect(gunzipSync(Buffer.concat(pieces)).toString()).toBe(`[${expected}]`);
    }
  }
});
