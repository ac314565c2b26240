import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Payload, writeAtomically } from "./atomic-writer.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "kubelet-volumes-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const payload = (files: Record<string, string>, mode = 0o644): Payload =>
  new Map(Object.entries(files).map(([path, text]) => [path, { bytes: Buffer.from(text), mode }]));

describe("writeAtomically", () => {
  it("publishes files through one link and replaces them all at once", async () => {
    const directory = join(root, "volume");
    expect(await writeAtomically(directory, payload({ a: "1", "b/c": "2" }))).toBe(true);
    expect(readFileSync(join(directory, "a"), "utf8")).toBe("1");
    expect(readFileSync(join(directory, "b/c"), "utf8")).toBe("2");
    expect(lstatSync(join(directory, "a")).isSymbolicLink()).toBe(true);
    expect(await writeAtomically(directory, payload({ a: "3", d: "4" }))).toBe(true);
    expect(readdirSync(directory).filter((name) => !name.startsWith(".."))).toEqual(["a", "d"]);
    expect(readFileSync(join(directory, "a"), "utf8")).toBe("3");
  });

  it("leaves one set of files, inside its own directory", async () => {
    const directory = join(root, "volume");
    await writeAtomically(directory, payload({ a: "1" }));
    await writeAtomically(directory, payload({ a: "2" }));
    expect(readdirSync(root)).toEqual(["volume"]);
    expect(readdirSync(directory).filter((name) => name.startsWith(".."))).toHaveLength(2);
  });

  it("does not touch an equal set", async () => {
    const directory = join(root, "volume");
    await writeAtomically(directory, payload({ a: "1" }));
    expect(await writeAtomically(directory, payload({ a: "1" }))).toBe(false);
    expect(await writeAtomically(directory, payload({ a: "1" }, 0o400))).toBe(true);
    expect(statSync(join(directory, "a")).mode & 0o777).toBe(0o400);
  });

  it("refuses paths that lead out", async () => {
    for (const path of ["../x", "/x", "a/../../x", "..x", ""]) {
      await expect(writeAtomically(join(root, "volume"), payload({ [path]: "1" }))).rejects.toThrow("invalid path");
    }
    expect(readdirSync(root)).toEqual([]);
  });

  it("gives folders to the group", async () => {
    const group = process.getgid?.() ?? 0;
    await writeAtomically(join(root, "volume"), payload({ "a/b/c": "1" }), group);
    expect(statSync(join(root, "volume")).mode & 0o7777).toBe(0o2777);
    expect(statSync(join(root, "volume/a/b")).mode & 0o7777).toBe(0o2755);
  });

  it("heals what an interrupted write left", async () => {
    const directory = join(root, "volume");
    await writeAtomically(directory, payload({ a: "1", b: "1" }));
    // Died after the new set was published and before its names were.
    rmSync(join(directory, "b"));
    symlinkSync("..data/gone", join(directory, "gone"));
    mkdirSync(join(directory, "..half"));
    expect(await writeAtomically(directory, payload({ a: "1", b: "1" }))).toBe(false);
    expect(readdirSync(directory).filter((name) => !name.startsWith(".."))).toEqual(["a", "b"]);
    await writeAtomically(directory, payload({ a: "2" }));
    expect(readdirSync(directory)).toHaveLength(3);
    expect(readdirSync(directory)).not.toContain("..half");
  });

  it("does not follow a link that stands in the place of its own", async () => {
    const directory = join(root, "volume");
    mkdirSync(directory);
    mkdirSync(join(root, "elsewhere"));
    writeFileSync(join(root, "elsewhere/precious"), "1");
    symlinkSync(join(root, "elsewhere"), join(directory, "..data"));
    await writeAtomically(directory, payload({ a: "1" }));
    expect(readFileSync(join(directory, "a"), "utf8")).toBe("1");
    expect(readdirSync(join(root, "elsewhere"))).toEqual(["precious"]);
  });
});
