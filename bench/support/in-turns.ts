/** Several cases measured in turns, so that a noisy moment hits all of them. */
import { median } from "./bench.ts";
import { BenchClient } from "./client.ts";
import type { MeasuredServer } from "./measured-server.ts";

export interface Case {
  readonly server: MeasuredServer;
  readonly path: string;
  readonly headers?: Record<string, string>;
}

export interface Turns {
  readonly rounds: number;
  readonly perRound: number;
  readonly clients: number;
}

/** Milliseconds of processor time of the server for one answer, the middle of the rounds. */
export async function cpuPerRequest<K extends string>(
  cases: Record<K, Case>,
  { rounds, perRound, clients: workers }: Turns,
): Promise<Record<K, number>> {
  const names = Object.keys(cases) as K[];
  const clients = new Map(names.map((name) => [name, new BenchClient(cases[name].server.address, workers)]));
  const measured = new Map<K, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
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
