/** Files as block devices, by the kernel's loop driver. Machines without it (many containers) have no block volumes. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const TIMEOUT_MS = 30_000;
const DEVICES = "/sys/block";

export interface LoopDevices {
  /** The device of the file, a new one when it has none. */
  attach(file: string): Promise<string>;
  /** The device of the file; undefined when it has none. */
  find(file: string): string | undefined;
  /** The file became larger. */
  refresh(file: string): Promise<void>;
  detach(file: string): Promise<void>;
}

function find(file: string): string | undefined {
  const name = readdirSync(DEVICES).find((device) => {
    const at = join(DEVICES, device, "loop/backing_file");
    return existsSync(at) && readFileSync(at, "utf8").trimEnd() === file;
  });
  return name === undefined ? undefined : `/dev/${name}`;
}

async function losetup(...args: readonly string[]): Promise<string> {
  return (await run("losetup", [...args], { timeout: TIMEOUT_MS })).stdout.trim();
}

export const systemLoopDevices: LoopDevices = {
  find,
  attach: async (file) => find(file) ?? losetup("--find", "--show", file),
  refresh: async (file) => {
    const device = find(file);
    if (device !== undefined) await losetup("--set-capacity", device);
  },
  detach: async (file) => {
    const device = find(file);
    if (device !== undefined) await losetup("--detach", device);
  },
};
