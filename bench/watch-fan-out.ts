/** One object changes, 500 clients watch: processor time of the server for each delivery. */
import { type Bench, median, report } from "./support/bench.ts";
import { BenchClient } from "./support/client.ts";
import { MeasuredServer } from "./support/measured-server.ts";

const WATCHERS = 500;
const CHANGES = 100;
const VALUE_BYTES = 4000;
/** The path of ours that sees the object which changes. */
const CHANGED_PATH = "/api/v1/configmaps?watch=1&resourceVersion=0&fieldSelector=metadata.name%3Dchanged";
const ROUNDS = 3;

/** Milliseconds of processor time for one event to one watcher. */
async function cpuPerDelivery(server: MeasuredServer, path: string): Promise<number> {
  const client = new BenchClient(server.address, WATCHERS);
  let lines = 0;
  for (let count = 0; count < WATCHERS; count++) {
    const stream = await client.open(path);
    stream.on("data", (chunk: Buffer) => {
      for (const byte of chunk) if (byte === 10) lines++;
    });
    stream.on("error", () => undefined);
  }
  const measured: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const target = lines + CHANGES * WATCHERS;
    const cpuMs = await server.cpuOf(async () => {
      await server.ask({ do: "change", times: CHANGES, valueBytes: VALUE_BYTES });
      while (lines < target) await new Promise((resolve) => setTimeout(resolve, 5));
    });
    if (round > 0) measured.push(cpuMs / (CHANGES * WATCHERS));
  }
  client.close();
  return median(measured);
}

export async function fanOut(ours: MeasuredServer, bare: MeasuredServer): Promise<void> {
  // The object exists before the first watch, so that all rounds send the same.
  await ours.ask({ do: "change", times: 1, valueBytes: VALUE_BYTES });
  const oursMs = await cpuPerDelivery(ours, CHANGED_PATH);
  const bareMs = await cpuPerDelivery(bare, "/watch");
  report("delivery beside a pre-framed socket.write", oursMs * 1000, bareMs * 1000, "µs", "≤ 1.5×");
}

export const watchFanOut: Bench = {
  name: "watch",
  measures: `fan-out of 4 KB events to ${WATCHERS} watchers over TLS, server CPU per delivery`,
  run: async () => {
    const ours = await MeasuredServer.start("apiserver.ts", {});
    const bare = await MeasuredServer.start("bare.ts", {});
    await fanOut(ours, bare);
    await ours.stop();
    await bare.stop();
  },
};
