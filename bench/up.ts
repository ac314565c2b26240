/** `./kubernode up` with everything installed: until `/readyz` answers, and until it says that the node is Ready. */
import { once } from "node:events";
import { request } from "node:https";
import { clusterOf } from "../cli/cluster/cluster.ts";
import { readRecord } from "../cli/cluster/cluster-records.ts";
import { testCluster } from "../test/support/cluster.ts";
import { type Bench, median, report } from "./support/bench.ts";

const RUNS = 3;
const POLL_MS = 20;
const GOALS_SECONDS = { ready: 1.5, node: 5 };

function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ host: "127.0.0.1", port, path: "/readyz", rejectUnauthorized: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on("error", () => resolve(false));
    asked.end();
  });
}

async function timeOne(): Promise<{ ready: number; node: number }> {
  const cluster = testCluster();
  const start = performance.now();
  const seconds = (): number => (performance.now() - start) / 1000;
  const command = cluster.start("up", "--detach");
  command.stdout?.resume();
  command.stderr?.resume();
  const ended = once(command, "exit").then(([code]) => ({ code: code as number | null, node: seconds() }));
  let done = false;
  void ended.then(() => (done = true));
  let ready = Number.NaN;
  while (!done && Number.isNaN(ready)) {
    const record = readRecord(cluster.name);
    if (record !== undefined && (await isReady(clusterOf(record).ports.api))) ready = seconds();
    else await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const { code, node } = await ended;
  await cluster.remove();
  if (code !== 0) throw new Error(`kubernode up: code ${code}`);
  return { ready, node };
}

export const upTime: Bench = {
  name: "up",
  measures: `./kubernode up of a new cluster, ${RUNS} times`,
  run: async () => {
    const runs: { ready: number; node: number }[] = [];
    for (let run = 0; run < RUNS; run++) runs.push(await timeOne());
    const of = (key: "ready" | "node"): number => median(runs.map((run) => run[key]));
    report("command to /readyz, beside the goal", of("ready"), GOALS_SECONDS.ready, "s", "≤ 1×");
    report("command to node Ready, beside the goal", of("node"), GOALS_SECONDS.node, "s", "≤ 1×");
  },
};
