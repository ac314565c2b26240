import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aPod } from "../../test/support/pod-builders.ts";
import { type Payload, writeAtomically } from "./atomic-writer.ts";
import { checkHostPath } from "./host-path.ts";
import { type PayloadSources, volumePayload } from "./payload.ts";
import { resolveSubPath } from "./sub-path.ts";

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
});

describe("resolveSubPath", () => {
  it("makes a directory that is missing", async () => {
    expect(await resolveSubPath(root, "a/b")).toBe(join(root, "a/b"));
    expect(statSync(join(root, "a/b")).isDirectory()).toBe(true);
  });

  it("does not follow a link out of the volume", async () => {
    const volume = join(root, "volume");
    mkdirSync(volume);
    mkdirSync(join(root, "secret"));
    symlinkSync(join(root, "secret"), join(volume, "out"));
    await expect(resolveSubPath(volume, "out")).rejects.toThrow("not within volume path");
    await expect(resolveSubPath(volume, "out/deeper")).rejects.toThrow("not within volume path");
    await expect(resolveSubPath(volume, "../secret")).rejects.toThrow("subPath");
    expect(readdirSync(join(root, "secret"))).toEqual([]);
  });
});

describe("checkHostPath", () => {
  it("makes what it may make and says what is wrong", async () => {
    await checkHostPath(join(root, "made"), "DirectoryOrCreate");
    await checkHostPath(join(root, "file"), "FileOrCreate");
    await expect(checkHostPath(join(root, "file"), "Directory")).rejects.toThrow("is not a directory");
    await expect(checkHostPath(join(root, "none"), "File")).rejects.toThrow("is not a file");
    await checkHostPath(join(root, "none"), undefined);
  });
});

const sources: PayloadSources = {
  configMap: async (_namespace, name) =>
    name === "map" ? { metadata: { name }, data: { a: "1" }, binaryData: { b: "Ag==" } } : undefined,
  secret: async () => undefined,
  token: async () => "token",
  forget: () => undefined,
  addresses: () => ({ podIps: [], hostIps: [] }),
  allocatable: () => ({ cpu: "2" }),
};

describe("volumePayload", () => {
  it("takes all keys, or the ones that are named", async () => {
    const all = await volumePayload(aPod(), { name: "v", configMap: { name: "map" } }, sources);
    expect([...(all?.keys() ?? [])]).toEqual(["a", "b"]);
    expect(all?.get("b")?.bytes).toEqual(Buffer.from([2]));
    const items = [{ key: "a", path: "x/y", mode: 0o400 }];
    const some = await volumePayload(aPod(), { name: "v", configMap: { name: "map", items } }, sources);
    expect([...(some ?? [])]).toEqual([["x/y", { bytes: Buffer.from("1"), mode: 0o400 }]]);
  });

  it("rejects for what is missing, unless it is optional", async () => {
    const missing = { name: "v", configMap: { name: "map", items: [{ key: "no", path: "no" }] } };
    await expect(volumePayload(aPod(), missing, sources)).rejects.toThrow(
      "configmap references non-existent config key: no",
    );
    await expect(volumePayload(aPod(), { name: "v", secret: { secretName: "no" } }, sources)).rejects.toThrow(
      'secret "no" not found',
    );
    const optional = await volumePayload(aPod(), { name: "v", secret: { secretName: "no", optional: true } }, sources);
    expect(optional?.size).toBe(0);
  });

  it("hides the token from all but the pod's user", async () => {
    const volume = { name: "v", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } };
    const open = await volumePayload(aPod(), volume, sources);
    expect(open?.get("token")).toMatchObject({ mode: 0o644 });
    const user = await volumePayload(aPod({ securityContext: { runAsUser: 1000 } }), volume, sources);
    expect(user?.get("token")).toMatchObject({ mode: 0o600, uid: 1000 });
    const group = await volumePayload(aPod({ securityContext: { fsGroup: 2000 } }), volume, sources);
    expect(group?.get("token")).toMatchObject({ mode: 0o640, gid: 2000 });
  });
});
