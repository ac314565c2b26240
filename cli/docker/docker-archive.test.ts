import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ociArchive } from "../image/oci-archive.ts";
import { listTar, type ReadAt, writeTar } from "../image/tar.ts";
import { dockerManifest } from "./docker-archive.ts";
import { dockerdConfig, majorVersionOf } from "./dockerd-config.ts";
import { limitedRunc } from "./limited-runc.ts";

const reader =
  (bytes: Buffer): ReadAt =>
  async (position, length) =>
    bytes.subarray(position, position + length);

async function manifestOf(archive: Buffer, architecture = "amd64") {
  return dockerManifest(reader(archive), (await listTar(reader(archive))) ?? [], architecture);
}

const ARCHIVE = ociArchive({
  reference: "example.test/one:1",
  architecture: "amd64",
  files: [{ path: "one", mode: 0o755, content: Buffer.from("1") }],
});

/** A layout whose index is `index` and whose blobs are named by their texts. */
function layout(index: object, blobs: Readonly<Record<string, object>> = {}): Buffer {
  const file = (path: string, value: object) => ({ path, mode: 0o644, content: Buffer.from(JSON.stringify(value)) });
  return writeTar([
    file("index.json", index),
    ...Object.entries(blobs).map(([name, value]) => file(`blobs/sha256/${name}`, value)),
  ]);
}

const IMAGE = { config: { digest: "sha256:c" }, layers: [{ digest: "sha256:l" }] };

describe("an OCI archive for the Docker Engine", () => {
  it("is told with the names and blobs that it has", async () => {
    const [image] = await manifestOf(ARCHIVE);
    expect(image).toMatchObject({ RepoTags: ["example.test/one:1"] });
    expect([image?.Config, ...(image?.Layers ?? [])]).toEqual([
      expect.stringMatching(/^blobs\/sha256\/[0-9a-f]{64}$/),
      expect.stringMatching(/^blobs\/sha256\/[0-9a-f]{64}$/),
    ]);
  });

  it("is read through nested indexes, for this machine's architecture alone", async () => {
    const index = { manifests: [{ digest: "sha256:i", annotations: { "org.opencontainers.image.ref.name": "v1" } }] };
    const inner = {
      manifests: [
        { digest: "sha256:m", platform: { architecture: "amd64" } },
        { digest: "sha256:absent", platform: { architecture: "s390x" } },
      ],
    };
    const archive = layout(index, { i: inner, m: IMAGE, c: {}, l: {} });
    expect(await manifestOf(archive)).toEqual([
      { Config: "blobs/sha256/c", RepoTags: ["imported:v1"], Layers: ["blobs/sha256/l"] },
    ]);
    await expect(manifestOf(archive, "arm64")).rejects.toThrow("no image for arm64");
  });

  it.each<[string, Buffer, RegExp]>([
    ["blobs that are not there", layout({ manifests: [{ digest: "sha256:m" }] }), /does not hold sha256:m/],
    [
      "zstd",
      layout(
        { manifests: [{ digest: "sha256:m" }] },
        { m: { ...IMAGE, layers: [{ digest: "sha256:l", mediaType: "x+zstd" }] }, c: {}, l: {} },
      ),
      /zstd/,
    ],
    [
      "an index that holds itself",
      layout(
        { manifests: [{ digest: "sha256:i" }] },
        { i: { manifests: [{ digest: "sha256:i" }, { digest: "sha256:i" }] } },
      ),
      /nested too deeply/,
    ],
  ])("is refused for %s", async (_what, archive, message) => {
    await expect(manifestOf(archive)).rejects.toThrow(message);
  });
});

describe("the step before runc", () => {
  it("takes a missing capability out of containers and commands, and nothing else", () => {
    const folder = mkdtempSync(join(tmpdir(), "limited-runc-"));
    try {
      const file = (name: string): string => join(folder, name);
      const described = {
        all: ["CAP_A", "CAP_X", "CAP_B"],
        one: ["CAP_X"],
        last: ["CAP_A", "CAP_X"],
        text: 'a "CAP_XY"',
      };
      for (const name of ["config.json", "process.json"]) writeFileSync(file(name), JSON.stringify(described));
      writeFileSync(file("runc"), `#!/bin/sh\necho "$@" > ${file("called")}\n`, { mode: 0o755 });
      writeFileSync(file("limited"), limitedRunc(["CAP_X"]), { mode: 0o755 });
      const args = ["--root", "/r", "exec", "--bundle", folder, "--process", file("process.json"), "id"];
      const env = { PATH: `${folder}:${process.env["PATH"] ?? ""}` };
      expect(spawnSync(file("limited"), args, { env }).status).toBe(0);
      for (const name of ["config.json", "process.json"]) {
        const wanted = { all: ["CAP_A", "CAP_B"], one: [], last: ["CAP_A"], text: 'a "CAP_XY"' };
        expect(JSON.parse(readFileSync(file(name), "utf8"))).toEqual(wanted);
      }
      expect(readFileSync(file("called"), "utf8").trim()).toBe(args.join(" "));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("the Engine's configuration", () => {
  const options = { rootDir: "/d", execDir: "/e", socket: "/s", containerdSocket: "/c", runc: "", majorVersion: 20 };

  it("has what an old daemon needs and a new one refuses", () => {
    expect(JSON.parse(dockerdConfig(options))).toMatchObject({ "oom-score-adjust": 0, "live-restore": true });
    const newer = JSON.parse(dockerdConfig({ ...options, majorVersion: 26 })) as object;
    expect(newer).not.toHaveProperty("oom-score-adjust");
    expect(newer).not.toHaveProperty("deprecated-key-path");
  });

  it.each([
    ["Docker version 20.10.24+dfsg1, build 5d6db84", 20],
    ["Docker version 26.1.5, build 1", 26],
    ["", 0],
  ])("knows %j as version %d", (text, version) => {
    expect(majorVersionOf(text)).toBe(version);
  });
});
