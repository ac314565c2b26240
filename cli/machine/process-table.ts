import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Fields of `/proc/PID/stat` behind the command name, which is in parentheses and may hold anything. */
function statFields(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    // The process ended.
    return undefined;
  }
}

/** Clock ticks since boot at which a process started: with the pid, this names a process for good. */
export function startTimeOf(pid: number): string | undefined {
  const fields = statFields(pid);
  // A zombie has ended: it only waits for its parent.
  return fields === undefined || fields[0] === "Z" ? undefined : fields[19];
}

/** Resident memory in bytes, 0 when the process is gone. */
export function residentBytes(pid: number): number {
  try {
    const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return Number(line?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

export function allProcessIds(): number[] {
  return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

/** Arguments of a process; empty for kernel threads and what is gone. */
export function commandLineOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
  } catch {
    return [];
  }
}

/** Targets of a process's open file descriptors, such as `socket:[123]`. */
export function openFilesOf(pid: number): string[] {
  let names: string[];
  try {
    names = readdirSync(`/proc/${pid}/fd`);
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${name}`);
    } catch {
      // Closed since.
      return [];
    }
  });
}
