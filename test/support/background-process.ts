import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** A script of this folder that works beside the test until it is told to stop, and then tells its result. */
export interface BackgroundProcess<Result> {
  stop(): Promise<Result>;
}

export function startInBackground<Result>(script: string, ...args: readonly string[]): BackgroundProcess<Result> {
  const child = spawn(process.execPath, [join(import.meta.dirname, script), ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
  });
  return {
    async stop() {
      child.stdin.end();
      await once(child, "close");
      return JSON.parse(output) as Result;
    },
  };
}
