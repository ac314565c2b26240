/**
 * The value of a `fileKeyRef`: a key of a file in one of the pod's volumes. Upstream: `kubelet_pods.go`
 * makeEnvironmentVariables, KEP-3721.
 *
 * F1. Nothing outside the volume is read, and nothing but a plain file of a sane size, whatever the pod put there.
 */
import { constants } from "node:fs";
import { type FileHandle, open, readlink, realpath } from "node:fs/promises";
import { join } from "node:path";
import type { FileKeySelector } from "../../shared/api/generated/core/v1.ts";
import { hasErrorCode } from "../volumes/error-code.ts";
import { descriptorPath, isInside } from "../volumes/sub-path/open-inside.ts";
import { configError } from "./container-error.ts";
import { parseEnvFile } from "./env-file.ts";

const FILE_BYTES_MAX = 64 * 1024;

/** Undefined when the key is optional and not there. Rejects with a config error. */
export async function fileKeyValue(
  { volumeName, path, key, optional }: FileKeySelector,
  volumePath: (volume: string) => string | undefined,
): Promise<string | undefined> {
  const root = volumePath(volumeName);
  if (root === undefined || root === "")
    throw configError(`cannot find the volume "${volumeName}" referenced by FileKeyRef`);
  const value = (await readVariables(root, path, optional === true)).get(key);
  if (value === undefined && optional !== true)
    throw configError(`environment variable key "${key}" not found in file "${path}"`);
  return value;
}

async function readVariables(root: string, path: string, isOptional: boolean): Promise<Map<string, string>> {
  try {
    return parseEnvFile(await readInside(root, path));
  } catch (error) {
    if (isOptional && hasErrorCode(error, "ENOENT")) return new Map();
    throw configError("couldn't parse env file", error);
  }
}

async function readInside(root: string, path: string): Promise<string> {
  const base = await realpath(root);
  const real = await realpath(join(base, path));
  if (!isInside(base, real)) throw new Error(`${path} is not within its volume`);
  const handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return await readPlain(handle, base);
  } finally {
    await handle.close();
  }
}

/** A folder above it may have been swapped for a link meanwhile: what counts is where the descriptor is. */
async function readPlain(handle: FileHandle, base: string): Promise<string> {
  if (!isInside(base, await readlink(descriptorPath(handle)))) throw new Error("not within its volume");
  const stats = await handle.stat();
  if (!stats.isFile() || stats.size > FILE_BYTES_MAX) throw new Error("no file, or too large a one");
  const buffer = Buffer.alloc(stats.size);
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
  return buffer.toString("utf8", 0, bytesRead);
}
