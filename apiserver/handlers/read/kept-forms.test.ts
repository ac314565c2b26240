import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { CachedRow } from "../../watch-cache/cached-row.ts";
import { KeptForms } from "./kept-forms.ts";

const ITEM = Buffer.alloc(100);
const rowOf = (index: number): CachedRow => new CachedRow(`/registry/things/${index}`, index, Buffer.alloc(1), {}, []);

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}

describe("the second byte form", () => {
  it("is kept up to a limit, and its size beyond", () => {
    const forms = new KeptForms(1000);
    const rows = Array.from({ length: 15 }, (_, index) => rowOf(index));
    for (const row of rows) forms.keep(row, ITEM);
    expect(rows.filter(({ protobuf }) => protobuf?.item !== undefined)).toHaveLength(10);
    expect(rows.every(({ protobuf }) => protobuf?.byteLength === 100)).toBe(true);
    expect([forms.bytes, forms.count]).toEqual([1000, 10]);
  });

  it("makes room when rows go, and remembers nothing of them", async () => {
    const forms = new KeptForms(1_000_000);
    const living = Array.from({ length: 10 }, (_, index) => rowOf(index));
    for (const row of living) forms.keep(row, ITEM);
    for (let round = 0; round < 4; round++) {
      for (let index = 0; index < 1000; index++) forms.keep(rowOf(index), ITEM);
      // What was looked at stays until the end of the turn.
      await new Promise((resolve) => setImmediate(resolve));
      collectGarbage();
    }
    for (let index = 0; index < 1000; index++) forms.keep(rowOf(index), ITEM);
    expect(forms.count).toBeLessThan(4000);
    expect(forms.bytes).toBe(forms.count * 100);
    expect(living.every(({ protobuf }) => protobuf?.item !== undefined)).toBe(true);
    // Collecting the garbage of a whole test process takes its time.
  }, 30_000);
});
