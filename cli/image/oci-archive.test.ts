import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ociArchive } from "./oci-archive.ts";
import { imageArchitecture, pauseArchive } from "./pause-image.ts";
import { pauseProgram } from "./pause-program.ts";
import { listTar, type ReadAt, writeTar } from "./tar.ts";

const reader =
  (bytes: Buffer): ReadAt =>
  async (position, length) =>
    bytes.subarray(position, position + length);

describe("tar archives", () => {
  it("are listed as they were written", async () => {
    const archive = writeTar([
      { path: "dir/", mode: 0o755 },
      { path: "dir/file", mode: 0o644, content: Buffer.alloc(700, "x") },
      { path: "link", mode: 0o777, linkTo: "dir/file" },
      { path: "last", mode: 0o644, content: Buffer.from("1") },
    ]);
    const members = await listTar(reader(archive));
    expect(members?.map(({ path, size }) => [path, size])).toEqual([
      ["dir/", 0],
      ["dir/file", 700],
      ["link", 0],
      ["last", 1],
    ]);
  });

  it("are what tar itself reads", () => {
    const archive = writeTar([{ path: "hello", mode: 0o600, content: Buffer.from("world") }]);
    const listing = spawnSync("tar", ["-tvf", "-"], { input: archive, encoding: "utf8" }).stdout;
    expect(listing).toMatch(/^-rw-------.* 5 1970-01-01 .*hello$/m);
  });

  it("are told from other files", async () => {
    expect(await listTar(reader(Buffer.from("just a text file of some length\n".repeat(40))))).toBeUndefined();
    expect(await listTar(reader(Buffer.alloc(0)))).toBeUndefined();
  });
});

describe("OCI archives", () => {
  it("hold blobs whose names are their digests", async () => {
    const archive = ociArchive({
      reference: "kubernode.test/one:1",
      architecture: "amd64",
      files: [{ path: "one", mode: 0o755, content: Buffer.from("1") }],
    });
    const blobs = (await listTar(reader(archive)))?.filter((member) => member.path.startsWith("blobs/sha256/")) ?? [];
    const files = blobs.filter((member) => member.size > 0);
    expect(files).toHaveLength(3);
    for (const { path, position, size } of files) {
      const digest = createHash("sha256")
        .update(archive.subarray(position, position + size))
        .digest("hex");
      expect(path).toBe(`blobs/sha256/${digest}`);
    }
  });

  it("are the same bytes for the same contents", () => {
    expect(pauseArchive("arm64").equals(pauseArchive("arm64"))).toBe(true);
    expect(pauseArchive("arm64").equals(pauseArchive("amd64"))).toBe(false);
  });
});

describe("the pause program", () => {
  it.each(["amd64", "arm64"] as const)("is a small static executable for %s", (architecture) => {
    const program = pauseProgram(architecture);
    expect(program.subarray(0, 4).toString("latin1")).toBe("\x7fELF");
    expect(program.readUInt16LE(18)).toBe(architecture === "amd64" ? 62 : 183);
    expect(program.length).toBeLessThan(300);
  });

  it.each(["SIGTERM", "SIGINT"])("waits, and ends with code 0 at %s", (signal) => {
    const folder = mkdtempSync(join(tmpdir(), "pause-"));
    try {
      const path = join(folder, "pause");
      writeFileSync(path, pauseProgram(imageArchitecture()), { mode: 0o755 });
      // `timeout --preserve-status` gives the program's own code after the signal.
      const result = spawnSync("timeout", ["--preserve-status", "-s", signal.slice(3), "0.3", path]);
      expect(result.status).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
