import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { isVolumeId, VolumeStore } from "./volume-store.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync("/tmp/volume-store-");
});
afterEach(() => rmSync(directory, { recursive: true }));

const volume = (id: string, capacityBytes = 1) => ({ id, capacityBytes, parameters: {}, isBlock: false });

it("knows after a restart what it made, how large it is, and what was in it", async () => {
  const before = await VolumeStore.open(directory);
  await before.create(volume("a"));
  await before.create(volume("b"));
  writeFileSync(join(before.dataPath("a"), "note"), "kept");
  await before.resize("a", 2);
  await before.delete("b");
  const after = await VolumeStore.open(directory);
  expect(after.list()).toEqual([volume("a", 2)]);
  expect(readdirSync(after.dataPath("a"))).toEqual(["note"]);
});

it.each<[string, (at: string) => void]>([
  ["has no record yet", () => undefined],
  ["has a record that was cut off", (at) => writeFileSync(join(at, "volume.json"), '{"id":"ha')],
  [
    "has a record that was not renamed",
    (at) => writeFileSync(join(at, "volume.json.new"), JSON.stringify(volume("half"))),
  ],
  ["has another volume's record", (at) => writeFileSync(join(at, "volume.json"), JSON.stringify(volume("other")))],
  ["has a record that is none", (at) => writeFileSync(join(at, "volume.json"), "null")],
])("takes a volume that %s for rubbish", async (_, damage) => {
  mkdirSync(join(directory, "half", "data"), { recursive: true });
  damage(join(directory, "half"));
  const store = await VolumeStore.open(directory);
  expect(store.list()).toEqual([]);
  expect(existsSync(join(directory, "half"))).toBe(false);
  await store.create(volume("half"));
  expect((await VolumeStore.open(directory)).list()).toEqual([volume("half")]);
});

it("keeps a block volume in a file of its size", async () => {
  const store = await VolumeStore.open(directory);
  await store.create({ ...volume("dev", 4096), isBlock: true });
  expect(statSync(store.dataPath("dev"))).toMatchObject({ size: 4096 });
  await store.resize("dev", 8192);
  expect(statSync(store.dataPath("dev")).size).toBe(8192);
});

it("deletes what is not there without a word", async () => {
  const store = await VolumeStore.open(directory);
  await store.delete("never");
  expect(store.list()).toEqual([]);
});

it("has no volume whose name leads elsewhere", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 140 }), (text) => {
      if (!isVolumeId(text)) return;
      expect(text).not.toMatch(/[/\0]|^\./u);
      expect(join("/v", text, "data").startsWith("/v/")).toBe(true);
    }),
  );
  for (const text of ["..", ".", "", "a/b", "../a", "a\0b", "a".repeat(129)]) expect(isVolumeId(text)).toBe(false);
  for (const text of ["pvc-1", "A.b_c", "a..b"]) expect(isVolumeId(text)).toBe(true);
});
