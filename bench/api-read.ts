/** LIST of 1000 pods of 14.4 KB and GET of one: processor time of the server for each answer. */
import { type Bench, median, report } from "./support/bench.ts";
import { BenchClient } from "./support/client.ts";
import { MeasuredServer } from "./support/measured-server.ts";

const ROUNDS = 5;
const LISTS_PER_ROUND = 20;
const GETS_PER_ROUND = 3000;
const CONNECTIONS = 20;
const POD_PATH = "/api/v1/namespaces/team-0/pods/web-000000";

interface Case {
  readonly server: MeasuredServer;
  readonly path: string;
  readonly headers?: Record<string, string>;
}

/** Milliseconds of processor time for one answer: the cases take turns, so that a noisy moment hits all. */
async function cpuPerRequest<K extends string>(
  cases: Record<K, Case>,
  perRound: number,
  workers: number,
): Promise<Record<K, number>> {
  const names = Object.keys(cases) as K[];
  const clients = new Map(names.map((name) => [name, new BenchClient(cases[name].server.address, workers)]));
  const measured = new Map<K, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const name of names) {
      const { server, path, headers } = cases[name];
      const cpuMs = await server.cpuOf(async () => clients.get(name)?.repeat(perRound, workers, path, headers));
      // The first round warms up.
      if (round > 0) measured.get(name)?.push(cpuMs / perRound);
    }
  }
  for (const client of clients.values()) client.close();
  return Object.fromEntries(names.map((name) => [name, median(measured.get(name) ?? [])])) as Record<K, number>;
}

async function withServers(
  podBytes: number,
  body: (ours: MeasuredServer, bare: MeasuredServer) => Promise<void>,
): Promise<void> {
  const ours = await MeasuredServer.start("apiserver.ts", "1000", String(podBytes));
  const bare = await MeasuredServer.start("bare.ts", "1000", String(podBytes));
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
        LISTS_PER_ROUND,
        1,
      );
      report("LIST beside the same bytes ready", cpu.ours, cpu.bytes, "ms", "≤ 1.3×");
      report("LIST beside JSON.stringify for each request", cpu.ours, cpu.stringify, "ms", "≤ 0.33×");
      report("gzip LIST beside gzip for each request", cpu.oursGzip, cpu.gzip, "ms", "≤ 0.1×");
      report("LIST of one node of fifty beside the whole LIST", cpu.oursNode, cpu.ours, "ms", "none");
    }),
};

export const smallGet: Bench = {
  name: "get",
  measures: "GET of a 3.9 KB pod with authentication and RBAC, 20 connections",
  run: () =>
    withServers(3900, async (ours, bare) => {
      const cpu = await cpuPerRequest(
        { ours: { server: ours, path: POD_PATH }, bare: { server: bare, path: "/small" } },
        GETS_PER_ROUND,
        CONNECTIONS,
      );
      report("requests per CPU second beside the bare server", 1000 / cpu.ours, 1000 / cpu.bare, "req/s", "≥ 0.6×");
    }),
};
