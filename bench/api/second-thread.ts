/**
 * What a second serving thread brings, on two cores that the clients use as well: answers a second, and how much
 * processor time of the server each took. With the server on both cores nothing is left for the clients, so less than
 * twice is expected; the processor time for each answer shows what sharing costs.
 */
import type { ServerSetup } from "../servers/setup.ts";
import { median, report } from "../support/bench.ts";
import { MeasuredServer } from "../support/measured-server.ts";
import { answersOf } from "../support/raw-client.ts";
import { POD_BYTES } from "./pair.ts";

const CONNECTIONS = 32;
const ROUND_MS = 1500;

const CASES = [
  ["GET of one pod", "/api/v1/namespaces/team-0/pods/web-000000"],
  ["LIST of 100 pods", "/api/v1/namespaces/team-1/pods?resourceVersion=0"],
  ["LIST of 1 pod of 1,000 by a label", "/api/v1/pods?labelSelector=slot%3D7&resourceVersion=0"],
] as const;

interface Figures {
  readonly perSecond: number;
  readonly cpuMs: number;
}

async function measure(server: MeasuredServer, path: string): Promise<Figures> {
  let answers = { perSecond: 0, count: 0 };
  const cpuMs = await server.cpuOf(async () => {
    const load = { connections: CONNECTIONS, durationMs: ROUND_MS, next: () => ({ path }) };
    answers = await answersOf(server.address, load);
  });
  return { perSecond: answers.perSecond, cpuMs: cpuMs / answers.count };
}

export async function secondThread(setup: ServerSetup, rounds: number): Promise<void> {
  const start = (threads: number): Promise<MeasuredServer> =>
    MeasuredServer.start("apiserver.ts", { ...setup, count: 1000, bytes: POD_BYTES, threads });
  const [one, two] = [await start(1), await start(2)];
  await two.ask({ do: "thread" });
  for (const [what, path] of CASES) {
    const [ones, twos]: [Figures[], Figures[]] = [[], []];
    for (let round = 0; round <= rounds; round++) {
      const [first, second] = [await measure(one, path), await measure(two, path)];
      if (round === 0) continue;
      ones.push(first);
      twos.push(second);
    }
    const middle = (figures: readonly Figures[], of: keyof Figures): number => median(figures.map((each) => each[of]));
    const [single, both] = [middle(ones, "perSecond"), middle(twos, "perSecond")];
    report(`${what}, two threads beside one`, both, single, "req/s", "more");
    report(`${what}, CPU each, two threads beside one`, middle(twos, "cpuMs"), middle(ones, "cpuMs"), "ms", "≤ 1.2×");
  }
  await one.stop();
  await two.stop();
}
