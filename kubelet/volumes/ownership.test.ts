import { chmodSync, lstatSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownVolume } from "./ownership.ts";

const group = process.getgid?.() ?? 0;
let root: string;
let secret: string;

beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), "kubelet-ownership-"));
  [root, secret] = [join(folder, "volume"), join(folder, "secret")];
  mkdirSync(root, { mode: 0o700 });
  mkdirSync(secret, { mode: 0o700 });
  writeFileSync(join(secret, "key"), "hidden", { mode: 0o600 });
});
afterEach(() => rmSync(join(root, ".."), { recursive: true }));

const modeOf = (path: string): string => (lstatSync(path).mode & 0o7777).toString(8);

it("lets the group read and write everything, and own what is made", async () => {
  mkdirSync(join(root, "a/b"), { recursive: true, mode: 0o700 });
  writeFileSync(join(root, "a/b/f"), "", { mode: 0o640 });
  writeFileSync(join(root, "x"), "", { mode: 0o500 });
  await ownVolume(root, { group, policy: undefined });
  expect([".", "a", "a/b"].map((path) => modeOf(join(root, path)))).toEqual(["2770", "2770", "2770"]);
  expect([modeOf(join(root, "a/b/f")), modeOf(join(root, "x"))]).toEqual(["660", "760"]);
});

it("leaves a tree alone whose root is right, when that is asked for, and everything without a group", async () => {
  writeFileSync(join(root, "f"), "", { mode: 0o600 });
  await ownVolume(root, { group: undefined, policy: undefined });
  expect(modeOf(root)).toBe("700");
  chmodSync(root, 0o2770);
  await ownVolume(root, { group, policy: "OnRootMismatch" });
  expect(modeOf(join(root, "f"))).toBe("600");
  chmodSync(root, 0o770);
  await ownVolume(root, { group, policy: "OnRootMismatch" });
  expect([modeOf(join(root, "f")), modeOf(root)]).toEqual(["660", "2770"]);
});

it("does not touch what links lead to, even while a pod swaps folders for links", async () => {
  symlinkSync(secret, join(root, "folder"));
  symlinkSync(join(secret, "key"), join(root, "file"));
  const swapped = join(root, "swapped");
  let isOver = false;
  const attacker = (async () => {
    for (let turn = 0; !isOver && turn < 5000; turn++) {
      rmSync(swapped, { recursive: true, force: true });
      mkdirSync(swapped);
      await new Promise((resolve) => setImmediate(resolve));
      rmSync(swapped, { recursive: true, force: true });
      symlinkSync(secret, swapped);
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  for (let turn = 0; turn < 100; turn++) await ownVolume(root, { group, policy: undefined });
  isOver = true;
  await attacker;
  expect([statSync(secret).mode & 0o7777, statSync(join(secret, "key")).mode & 0o7777]).toEqual([0o700, 0o600]);
});
