import fc from "fast-check";
import { compareKeys } from "../storage/keys.ts";
import { CachedRow } from "./cached-row.ts";
import { SlabList } from "./slab-list.ts";

const row = (key: string, size = 10): CachedRow => new CachedRow(key, 1, Buffer.alloc(size), { name: key }, []);

describe("slab list", () => {
  it("is the same as a sorted map, whatever is done to it", () => {
    const key = fc.constantFrom(
      ..."abcdefghij".split("").flatMap((a) => [`/r/${a}/`, `/r/${a}/x`, `/s/${a}`, `/r/${a}\u{1f600}`]),
    );
    const step = fc.record({ key, isDelete: fc.boolean(), size: fc.constantFrom(10, 1000, 100_000, 200_000) });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 300 }),
        fc.constantFrom("/r/", "/r/c/", "/s/", "/nothing/"),
        key,
        (steps, prefix, after) => {
          const list = new SlabList();
          const model = new Map<string, CachedRow>();
          const snapshots = [];
          for (const { key: name, isDelete, size } of steps) {
            const next = row(name, size);
            expect(isDelete ? list.delete(name) : list.set(next)).toBe(model.get(name));
            if (isDelete) model.delete(name);
            else model.set(name, next);
            if (snapshots.length < 5) snapshots.push({ snapshot: list.snapshot(), rows: sorted(model) });
          }
          expect(list.size).toBe(model.size);
          for (const { snapshot, rows } of [...snapshots, { snapshot: list.snapshot(), rows: sorted(model) }]) {
            const expected = rows.filter((item) => item.key.startsWith(prefix));
            expect([...snapshot.rows(prefix)]).toEqual(expected);
            const later = expected.filter((item) => compareKeys(item.key, after) > 0);
            expect([...snapshot.rows(prefix, after)]).toEqual(later);
            expect(snapshot.count(prefix, after)).toBe(later.length);
          }
          for (const name of model.keys()) expect(list.get(name)).toBe(model.get(name));
        },
      ),
      { numRuns: 60 },
    );
  });

  it("keeps slabs near their size", () => {
    const list = new SlabList();
    for (let index = 0; index < 5000; index++) list.set(row(`/r/${String(index * 7919).padStart(9, "0")}`, 1000));
    const { slabs } = list.snapshot();
    expect(slabs.length).toBeGreaterThan(15);
    expect(Math.max(...slabs.map((slab) => slab.byteLength))).toBeLessThanOrEqual(256 * 1024);
    for (let index = 0; index < 4990; index++) list.delete(`/r/${String(index * 7919).padStart(9, "0")}`);
    expect(list.snapshot().slabs.length).toBeLessThanOrEqual(3);
  });
});

function sorted(model: Map<string, CachedRow>): CachedRow[] {
  return [...model.values()].sort((a, b) => compareKeys(a.key, b.key));
}
