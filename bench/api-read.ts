/** LIST of 1000 pods of 14.4 KB and GET of one: processor time of the server for each answer. */
import { smallGets } from "./api/reads.ts";
import { type Bench, report } from "./support/bench.ts";
import { cpuPerRequest } from "./support/in-turns.ts";
import { MeasuredServer } from "./support/measured-server.ts";

const ROUNDS = 5;
const LISTS_PER_ROUND = 20;
const PODS = 1000;

async function withServers(
  podBytes: number,
  body: (ours: MeasuredServer, bare: MeasuredServer) => Promise<void>,
): Promise<void> {
  const ours = await MeasuredServer.start("apiserver.ts", { count: PODS, bytes: podBytes });
  const bare = await MeasuredServer.start("bare.ts", { count: PODS, bytes: podBytes });
  try {
    await body(ours, bare);
  } finally {
    await ours.stop();
    await bare.stop();
  }
}

export const listRead: Bench = {
  name: "list",
  measures: "LIST 1000 pods × 14.4 KB, server CPU per answer",
  run: () =>
    withServers(14_400, async (ours, bare) => {
      const gzip = { "accept-encoding": "gzip" };
      const cpu = await cpuPerRequest(
        {
          ours: { server: ours, path: "/api/v1/pods" },
          bytes: { server: bare, path: "/bytes" },
          stringify: { server: bare, path: "/stringify" },
          oursGzip: { server: ours, path: "/api/v1/pods", headers: gzip },
          gzip: { server: bare, path: "/gzip" },
          oursNode: { server: ours, path: "/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-7" },
        },
        { rounds: ROUNDS, perRound: LISTS_PER_ROUND, clients: 1 },
      );
      report("LIST beside the same bytes ready", cpu.ours, cpu.bytes, "ms", "≤ 1.3×");
      report("LIST beside JSON.stringify for each request", cpu.ours, cpu.stringify, "ms", "≤ 0.33×");
      report("gzip LIST beside gzip for each request", cpu.oursGzip, cpu.gzip, "ms", "≤ 0.1×");
      report("LIST of one node of fifty beside the whole LIST", cpu.oursNode, cpu.ours, "ms", "none");
    }),
};

export const smallGet: Bench = {
  name: "get",
  measures: "GET of a 3.9 KB pod with authentication and RBAC",
  run: () => withServers(3900, (ours, bare) => smallGets({ ours, bare, count: PODS, isOnEtcd: false, rounds: ROUNDS })),
};
