/** What ten full lists at once add to the server's memory. */
import { readFileSync, writeFileSync } from "node:fs";
import { report } from "../support/bench.ts";
import { BenchClient } from "../support/client.ts";
import type { Pair } from "./pair.ts";

const LISTS = 10;
/** Sets the high-water mark back (proc(5), `clear_refs`). */
const RESET_PEAK = "5";

function statusMb(pid: number, field: "VmHWM" | "VmRSS"): number {
  const line = new RegExp(`^${field}:\\s+(\\d+)`, "mu").exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1]) / 1024;
}

export async function peakMemory({ ours, count }: Pair): Promise<void> {
  const client = new BenchClient(ours.address, LISTS);
  writeFileSync(`/proc/${ours.pid}/clear_refs`, RESET_PEAK);
  const before = statusMb(ours.pid, "VmRSS");
  await client.repeat(LISTS, LISTS, "/api/v1/pods");
  const peak = statusMb(ours.pid, "VmHWM");
  client.close();
  report(`peak memory of ${LISTS} lists of ${count} beside none`, peak, before, "MB", "none");
}
