import { spawn } from "node:child_process";
import { finished, pipeline } from "node:stream/promises";
import type { PortForwardPair } from "../../../../shared/streaming/port-forward.ts";

const RELAY = new URL("../port-relay/main.ts", import.meta.url).pathname;
const ERROR_BYTES_MAX = 4096;

/** Joins a client's connection with a port of the sandbox whose process is `pid`; never rejects. */
export async function forwardPair({ port, data, error }: PortForwardPair, pid: number): Promise<void> {
  const args = [`--net=/proc/${pid}/ns/net`, process.execPath, RELAY, String(port)];
  const child = spawn("nsenter", args, { stdio: ["pipe", "pipe", "pipe"] });
  let problem = "";
  child.stderr.on("data", (chunk: Buffer) => {
    if (problem.length < ERROR_BYTES_MAX) problem += chunk.toString("utf8");
  });
  const ended = new Promise<number>((resolve) => {
    child.once("error", (failure) => {
      problem = failure.message;
      resolve(1);
    });
    child.once("close", (code) => resolve(code ?? 1));
  });
  pipeline(data, child.stdin).catch(() => undefined);
  child.stdout.pipe(data, { end: false });
  // A client that resets its stream wants nothing more of the other side.
  finished(data, { readable: false }).catch(() => child.kill());
  const code = await ended;
  data.end();
  error.end(code === 0 ? "" : `failed to forward port ${port}: ${problem.trim() || `exit code ${code}`}`);
}
