/**
 * `npm run bench -- [--quick] NAME…`: measures ours beside a bare baseline in the same run and prints the ratio (DESIGN §7).
 * Nothing is asserted: a time depends on the machine, a ratio much less.
 */
import { loadavg } from "node:os";
import { api } from "./api.ts";
import { listRead, smallGet } from "./api-read.ts";
import { cacheMemory } from "./cache-memory.ts";
import { createThroughApi } from "./create.ts";
import { idle } from "./idle.ts";
import { kubeProxySync } from "./kube-proxy-sync.ts";
import { manyPods } from "./many-pods.ts";
import { podStart } from "./pods.ts";
import { schedulerLoop } from "./scheduler-loop.ts";
import { storeWrites } from "./store-writes.ts";
import type { Bench } from "./support/bench.ts";
import { upTime } from "./up.ts";
import { watchFanOut } from "./watch-fan-out.ts";

const BENCHES: readonly Bench[] = [
  listRead,
  smallGet,
  watchFanOut,
  cacheMemory,
  storeWrites,
  createThroughApi,
  schedulerLoop,
  kubeProxySync,
  podStart,
  manyPods,
  upTime,
  idle,
  // Holds other rows too, so it runs only when it is named.
  api,
];

const QUICK = "--quick";
const wanted = process.argv.slice(2).filter((argument) => argument !== QUICK);
const effort = { isQuick: process.argv.includes(QUICK) };
const chosen =
  wanted.length === 0 ? BENCHES.filter((bench) => bench !== api) : BENCHES.filter(({ name }) => wanted.includes(name));
if (chosen.length < wanted.length || chosen.length === 0) {
  process.stderr.write(`no such benchmark; there are: ${BENCHES.map(({ name }) => name).join(", ")}\n`);
  process.exit(1);
}
for (const bench of chosen) {
  process.stdout.write(`\n== ${bench.name}: ${bench.measures} (load ${(loadavg()[0] ?? 0).toFixed(1)})\n`);
  await bench.run(effort);
}
// Keep-alive connections of a client would hold the process for a while.
process.exit(0);
