import { readFileSync } from "node:fs";
import { allProcessIds, commandLineOf, openFilesOf } from "./process-table.ts";

const LISTEN_STATE = "0A";

/** Listening TCP ports of this network namespace, each with the inode of its socket. */
export function listeningPorts(): Map<number, string> {
  const ports = new Map<number, string>();
  for (const path of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of linesOf(path).slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[3] !== LISTEN_STATE) continue;
      ports.set(Number.parseInt((fields[1] ?? "").split(":").at(-1) ?? "", 16), fields[9] ?? "");
    }
  }
  return ports;
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, "utf8").trimEnd().split("\n");
  } catch {
    // No IPv6 on this machine.
    return [];
  }
}

/** "NAME (pid N)" of whoever holds a socket, or nothing when it cannot be seen from here. */
export function socketOwner(inode: string): string | undefined {
  const target = `socket:[${inode}]`;
  const pid = allProcessIds().find((candidate) => openFilesOf(candidate).includes(target));
  if (pid === undefined) return undefined;
  const program = (commandLineOf(pid)[0] ?? "").split("/").at(-1) ?? "";
  return `${program === "" ? "a process" : program} (pid ${pid})`;
}
