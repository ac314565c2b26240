/** The rows about lists and single objects: processor time of the server for each answer. */
import { report } from "../support/bench.ts";
import { cpuPerRequest } from "../support/in-turns.ts";
import type { Pair } from "./pair.ts";

const POD_PATH = "/api/v1/namespaces/team-0/pods/web-000000";
const GZIP = { "accept-encoding": "gzip" };
const MANY_CLIENTS = 8;
const MANY_CONNECTIONS = 20;

/** A list of 1,000, by one client and by many. */
export async function listOfThousand({ ours, bare, rounds }: Pair): Promise<void> {
  for (const clients of [1, MANY_CLIENTS]) {
    const cpu = await cpuPerRequest(
      {
        ours: { server: ours, path: "/api/v1/pods" },
        bytes: { server: bare, path: "/bytes" },
        stringify: { server: bare, path: "/stringify" },
        oursGzip: { server: ours, path: "/api/v1/pods", headers: GZIP },
        gzip: { server: bare, path: "/gzip" },
      },
      { rounds, perRound: 16, clients },
    );
    report(`LIST, ${clients} clients, beside bytes ready`, cpu.ours, cpu.bytes, "ms", "≤ 1.3×");
    report(`LIST, ${clients} clients, beside stringify`, cpu.ours, cpu.stringify, "ms", "≤ 0.33×");
    report(`gzip LIST, ${clients} clients, beside gzip each time`, cpu.oursGzip, cpu.gzip, "ms", "≤ 0.1×");
  }
}

export async function smallGets({ ours, bare, rounds }: Pair): Promise<void> {
  for (const clients of [1, MANY_CONNECTIONS]) {
    const cpu = await cpuPerRequest(
      {
        ours: { server: ours, path: POD_PATH },
        cached: { server: ours, path: `${POD_PATH}?resourceVersion=0` },
        bare: { server: bare, path: "/small" },
      },
      { rounds, perRound: 2000, clients },
    );
    const bareRate = 1000 / cpu.bare;
    report(`GET, ${clients} clients, requests per CPU second`, 1000 / cpu.ours, bareRate, "req/s", "≥ 0.6×");
    report(`GET of any version, ${clients} clients, the same`, 1000 / cpu.cached, bareRate, "req/s", "≥ 0.6×");
  }
}

/** A list of so many thousands at once, and the objects that a selector picks out of it. */
export async function listOfMany({ ours, bare, count, rounds }: Pair): Promise<void> {
  const cpu = await cpuPerRequest(
    {
      ours: { server: ours, path: "/api/v1/pods" },
      bytes: { server: bare, path: "/bytes" },
      stringify: { server: bare, path: "/stringify" },
    },
    { rounds, perRound: 1, clients: 1 },
  );
  report(`LIST of ${count} beside bytes ready`, cpu.ours, cpu.bytes, "ms", "≤ 1.3×");
  report(`LIST of ${count} beside stringify`, cpu.ours, cpu.stringify, "ms", "≤ 0.33×");
  const selected = await cpuPerRequest(
    {
      ours: { server: ours, path: "/api/v1/pods?labelSelector=slot%3D7" },
      bare: { server: bare, path: "/filter" },
    },
    { rounds, perRound: 10, clients: 1 },
  );
  report(`LIST of 1 in 1,000 of ${count} beside a loop over objects`, selected.ours, selected.bare, "ms", "none");
}
