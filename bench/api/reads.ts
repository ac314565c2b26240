/** The rows about lists and single objects: processor time of the server for each answer. */
import { report } from "../support/bench.ts";
import { cpuPerRequest } from "../support/in-turns.ts";
import type { Pair } from "./pair.ts";

const POD_PATH = "/api/v1/namespaces/team-0/pods/web-000000";
const GZIP = { "accept-encoding": "gzip" };
const MANY_CLIENTS = 8;
/** Enough that the moments of other work on the machine are shared by both. */
const LISTS_PER_ROUND = 32;
const MANY_CONNECTIONS = 20;
/** Enough for the round that warms up. */
const GETS_PER_ROUND = 8000;

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
      { rounds, perRound: LISTS_PER_ROUND, clients },
    );
    report(`LIST, ${clients} clients, beside bytes ready`, cpu.ours, cpu.bytes, "ms", "≤ 1.3×");
    report(`LIST, ${clients} clients, beside stringify`, cpu.ours, cpu.stringify, "ms", "≤ 0.33×");
    report(`gzip LIST, ${clients} clients, beside gzip each time`, cpu.oursGzip, cpu.gzip, "ms", "≤ 0.1×");
  }
}

/** One object of the size of the list's, with authentication and authorization, by one client and by many. */
export async function smallGets({ ours, bare, rounds, isOnEtcd }: Pair): Promise<void> {
  for (const clients of [1, MANY_CONNECTIONS]) {
    // A client that is always busy: a server that must wake it pays for that, the quicker one less.
    const cpu = await cpuPerRequest(
      {
        ours: { server: ours, path: POD_PATH },
        cached: { server: ours, path: `${POD_PATH}?resourceVersion=0` },
        bare: { server: bare, path: "/small" },
        asking: { server: bare, path: "/consistent" },
      },
      { rounds, perRound: GETS_PER_ROUND, clients },
    );
    const perSecond = { ours: 1000 / cpu.ours, cached: 1000 / cpu.cached, bare: 1000 / cpu.bare };
    // What must ask etcd first is compared with what asks it, too.
    const what = `GET, ${clients} clients, answers per CPU second`;
    report(what, perSecond.ours, perSecond.bare, "/s", isOnEtcd ? "none" : "≥ 0.6×");
    if (isOnEtcd) report("the same beside one that asks etcd, too", perSecond.ours, 1000 / cpu.asking, "/s", "≥ 0.6×");
    report(`GET of any version, ${clients} clients, the same`, perSecond.cached, perSecond.bare, "/s", "≥ 0.6×");
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
