/** The Docker Engine's daemon for tests: the machine's, or Debian's, unpacked and installed nowhere. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { debianProgram } from "./debian-program.ts";

const INSTALLED = "/usr/sbin/dockerd";

/** Path of a dockerd that starts on this machine; undefined when there is none and none can be had. */
export function findDockerd(): string | undefined {
  try {
    const path = existsSync(INSTALLED)
      ? INSTALLED
      : debianProgram("dockerd", { suite: "bookworm", debianPackage: "docker.io", path: "usr/sbin/dockerd" });
    execFileSync(path, ["--version"], { stdio: "pipe" });
    return path;
  } catch {
    return undefined;
  }
}
