import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnvFile } from "./env-file.ts";
import { fileKeyValue } from "./file-key-ref.ts";

describe("parseEnvFile", () => {
  it("reads quoted values, over several lines, past comments", () => {
    const text = "# comment\n\nA='1'\n  B.x='two\nlines $A # not one' # one\nA='3'\nE=''";
    expect([...parseEnvFile(text)]).toEqual([
      ["A", "3"],
      ["B.x", "two\nlines $A # not one"],
      ["E", ""],
    ]);
  });

  it.each(["A=1", "A = '1'", "A='1", "A='1' rest", "'A'='1'", "='1'", "export A='1'"])("refuses %j", (text) => {
    expect(() => parseEnvFile(text)).toThrow("invalid line");
  });
});

describe("fileKeyValue", () => {
  let folder: string;
  let volume: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "kubernode-envfile-"));
    volume = join(folder, "volume");
    mkdirSync(volume);
    writeFileSync(join(volume, "env"), "A='1'\n");
    writeFileSync(join(folder, "secret"), "A='secret'\n");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const read = (path: string, key = "A", optional = false): Promise<string | undefined> =>
    fileKeyValue({ volumeName: "v", path, key, optional }, (name) => (name === "v" ? volume : undefined));

  it("finds the key, or says what is missing", async () => {
    expect(await read("env")).toBe("1");
    expect(await read("env", "B", true)).toBeUndefined();
    expect(await read("none", "A", true)).toBeUndefined();
    await expect(read("env", "B")).rejects.toThrow('environment variable key "B" not found in file "env"');
    await expect(read("none")).rejects.toMatchObject({ reason: "CreateContainerConfigError" });
    await expect(fileKeyValue({ volumeName: "x", path: "env", key: "A" }, () => undefined)).rejects.toThrow(
      'cannot find the volume "x" referenced by FileKeyRef',
    );
  });

  it.each([
    ["a link out of the volume", () => symlinkSync("../secret", join(volume, "bad"))],
    ["a link to a folder outside", () => symlinkSync("/etc", join(volume, "bad"))],
    ["a pipe", () => execFileSync("mkfifo", [join(volume, "bad")])],
    ["a huge file", () => writeFileSync(join(volume, "bad"), `A='${"x".repeat(70_000)}'`)],
    ["a folder", () => mkdirSync(join(volume, "bad"))],
  ])("reads nothing through %s", async (_what, make) => {
    make();
    await expect(read("bad")).rejects.toThrow("couldn't parse env file");
    await expect(read("../secret")).rejects.toThrow("couldn't parse env file");
  });

  it("follows a link that stays inside", async () => {
    symlinkSync("env", join(volume, "link"));
    expect(await read("link")).toBe("1");
  });
});
