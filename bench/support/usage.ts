import { readFileSync } from "node:fs";

/** `/proc/PID/stat` counts in hundredths of a second. */
const TICKS_A_SECOND = 100;

export interface ProcessUsage {
  readonly rssMb: number;
  readonly pssMb: number;
  readonly cpuSeconds: number;
}

/** What a process takes now. PSS counts a page that several processes share by its share. */
export function usageOf(pid: number): ProcessUsage {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const mb = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+)`, "mu").exec(rollup)?.[1]) / 1024;
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name in brackets may hold blanks; user and system time are the 12th and 13th field behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    rssMb: mb("Rss"),
    pssMb: mb("Pss"),
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND,
  };
}
