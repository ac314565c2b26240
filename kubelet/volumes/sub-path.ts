/**
 * The place inside a volume that `subPath` names, resolved on the host: it must not lead out of the volume, however
 * the volume's content is linked. Upstream: `pkg/volume/util/subpath`.
 */
import { chmod, mkdir, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";

function isInside(root: string, path: string): boolean {
  return path === root || path.startsWith(`${root}/`);
}

/** Makes a directory when nothing is there. Rejects when the path leaves the volume. */
export async function resolveSubPath(volumeRoot: string, subPath: string): Promise<string> {
  if (subPath.startsWith("/") || subPath.split("/").includes(".."))
    throw new Error(`subPath must be a relative path without "..": ${subPath}`);
  const root = await realpath(volumeRoot);
  const wanted = join(root, subPath);
  const parent = await nearestExisting(wanted);
  if (!isInside(root, parent.real)) throw new Error(`subpath "${subPath}" not within volume path "${root}"`);
  if (parent.path !== wanted) {
    await mkdir(wanted, { recursive: true, mode: 0o750 });
    await chmod(wanted, 0o755);
  }
  const resolved = await realpath(wanted);
  if (!isInside(root, resolved)) throw new Error(`subpath "${subPath}" not within volume path "${root}"`);
  return resolved;
}

async function nearestExisting(path: string): Promise<{ path: string; real: string }> {
  for (let candidate = path; ; candidate = dirname(candidate)) {
    try {
      return { path: candidate, real: await realpath(candidate) };
    } catch (error) {
      if (candidate === "/") throw error;
    }
  }
}
