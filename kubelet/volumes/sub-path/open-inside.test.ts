import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { readlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { descriptorPath, openInside } from "./open-inside.ts";
import { checkSubPath } from "./sub-path.ts";

let root: string;
let volume: string;
let secret: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "kubelet-sub-path-"));
  volume = join(root, "volume");
  secret = join(root, "secret");
  mkdirSync(volume);
  mkdirSync(secret);
  writeFileSync(join(secret, "key"), "hidden");
});
afterEach(() => rmSync(root, { recursive: true }));

/** Where the descriptor leads, as the kernel says. */
async function placeOf(path: string): Promise<string> {
  const handle = await openInside(volume, path);
  try {
    return await readlink(descriptorPath(handle));
  } finally {
    await handle.close();
  }
}

it("opens what is there and makes folders that are missing with the volume's own mode", async () => {
  writeFileSync(join(volume, "file"), "1");
  expect(await placeOf("file")).toBe(join(volume, "file"));
  expect(await placeOf("a/b")).toBe(join(volume, "a/b"));
  expect(statSync(join(volume, "a/b")).mode & 0o777).toBe(statSync(volume).mode & 0o777);
  expect(await placeOf(".")).toBe(volume);
});

it("follows links that stay inside, as the files of the API do", async () => {
  mkdirSync(join(volume, "..2026"));
  writeFileSync(join(volume, "..2026/key"), "1");
  symlinkSync("..2026", join(volume, "..data"));
  symlinkSync("..data/key", join(volume, "key"));
  expect(await placeOf("key")).toBe(join(volume, "..2026/key"));
});

it.each([
  ["a link to a folder outside", "../secret", "out"],
  ["what is below such a link", "../secret", "out/deeper"],
  ["a file below such a link", "../secret", "out/key"],
  ["an absolute link", "/etc/passwd", "out"],
  ["a link to the root", "/", "out/etc"],
  ["a link that leads nowhere, outside", "../secret/new", "out"],
  ["what is to be made below such a link", "../secret/new", "out/more"],
])("refuses %s", async (_what, target, path) => {
  symlinkSync(target, join(volume, "out"));
  await expect(openInside(volume, path)).rejects.toThrow(/not within volume path|ENOENT/);
  expect(readdirSync(secret)).toEqual(["key"]);
});

it("never leads out while the pod swaps a folder for a link", async () => {
  const swapped = join(volume, "swapped");
  let isOver = false;
  const attacker = (async () => {
    for (let turn = 0; !isOver && turn < 5000; turn++) {
      try {
        rmSync(swapped, { recursive: true, force: true });
        symlinkSync(secret, swapped);
        await Promise.resolve();
        rmSync(swapped);
        mkdirSync(swapped);
      } catch {
        // The folder was just made from the other side.
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  for (let turn = 0; turn < 200; turn++) {
    const place = await placeOf("swapped/below").catch((error: unknown) => String(error));
    expect(place.startsWith(secret)).toBe(false);
  }
  isOver = true;
  await attacker;
  expect(readdirSync(secret)).toEqual(["key"]);
});

it("closes what it opened, whatever happens", async () => {
  const open = (): number => readdirSync("/proc/self/fd").length;
  symlinkSync("../secret", join(volume, "out"));
  await placeOf("warm");
  const before = open();
  for (let turn = 0; turn < 20; turn++) {
    await placeOf("a/b/c");
    await placeOf("out").catch(() => undefined);
    await placeOf("a\0b").catch(() => undefined);
  }
  expect(open()).toBeLessThanOrEqual(before + 1);
});

it("stays inside for any path that is let through", async () => {
  const segment = fc.constantFrom("a", "b", ".", "..", "", "out", "x y", "$(A)", "`id`");
  await fc.assert(
    fc.asyncProperty(fc.array(segment, { maxLength: 5 }), async (segments) => {
      const path = segments.join("/");
      try {
        checkSubPath(path);
      } catch {
        return;
      }
      const place = await placeOf(path);
      expect(`${place}/`.startsWith(`${volume}/`)).toBe(true);
    }),
    { numRuns: 100 },
  );
});

it("says what is wrong with a path that leads out by itself", () => {
  expect(() => checkSubPath("/etc")).toThrow("error SubPath `/etc` must not be an absolute path");
  expect(() => checkSubPath("a/../../b")).toThrow("unable to provision SubPath `a/../../b`: must not contain '..'");
  checkSubPath("a..b/..c");
});
