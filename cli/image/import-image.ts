import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import type { Cluster } from "../cluster/cluster.ts";
import { runtimeOf } from "../runtime/cluster-runtime.ts";
import { UserError } from "../user-error.ts";
import { listTar } from "./tar.ts";

const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

/** Imports an archive that is in memory. */
export async function importArchive(cluster: Cluster, archive: Uint8Array): Promise<void> {
  await withTemporaryFolder(async (folder) => {
    const path = join(folder, "image.tar");
    await writeFile(path, archive);
    await runtimeOf(cluster).importTar(cluster, path, path);
  });
}

/** Imports an OCI or Docker archive, gzipped or not; resolves to the names of its images. */
export async function importImageFile(cluster: Cluster, path: string): Promise<string[]> {
  const head = await readHead(path);
  if (!head.equals(GZIP_MAGIC)) return await checkAndImport(cluster, path, path);
  return await withTemporaryFolder(async (folder) => {
    const unpacked = join(folder, "image.tar");
    await pipeline(createReadStream(path), createGunzip(), createWriteStream(unpacked)).catch((err: unknown) => {
      throw notAnArchive(path, `it does not unpack (${err instanceof Error ? err.message : String(err)})`);
    });
    return await checkAndImport(cluster, unpacked, path);
  });
}

function notAnArchive(path: string, reason: string): UserError {
  return new UserError(
    `${path} is not an image archive: ${reason}.`,
    "Make one with: docker save IMAGE -o FILE.tar (or: ctr images export, skopeo copy … oci-archive:FILE.tar)",
  );
}

async function readHead(path: string): Promise<Buffer> {
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(GZIP_MAGIC.length), 0, GZIP_MAGIC.length, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (err) {
    throw new UserError(`Cannot read ${path}: ${err instanceof Error ? err.message : String(err)}`);
  }
}

async function checkAndImport(cluster: Cluster, path: string, givenPath: string): Promise<string[]> {
  const file = await open(path);
  try {
    const members = await listTar(async (position, length) => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
      return buffer.subarray(0, bytesRead);
    });
    if (members === undefined) throw notAnArchive(givenPath, "it is not a tar file");
    const names = new Set(members.map((member) => member.path.replace(/^\.\//, "")));
    if (!names.has("manifest.json") && !names.has("index.json")) {
      throw notAnArchive(givenPath, "it has neither manifest.json (Docker) nor index.json (OCI)");
    }
  } finally {
    await file.close();
  }
  return await runtimeOf(cluster).importTar(cluster, path, givenPath);
}

async function withTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "kubernode-image-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
