/**
 * One command at a time changes a cluster: two `up` at once would start two supervisors. The lock is an abstract Unix
 * socket, which the kernel gives back when its holder ends in whatever way, and which leaves no file behind.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../user-error.ts";

const POLL_MS = 100;
/** Longer than the longest `up`: packages may have to be installed. */
const WAIT_MS = 10 * 60_000;

async function tryLock(name: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy()).unref();
  try {
    server.listen(`\0kubernode-cluster-${name}`);
    await once(server, "listening");
    return server;
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === "EADDRINUSE") return undefined;
    throw err;
  }
}

/** Runs `work` while no other command works on the cluster; `onWait` is called once when there is one. */
export async function withClusterLock<T>(name: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  let lock = await tryLock(name);
  if (lock === undefined) onWait();
  for (const deadline = Date.now() + WAIT_MS; lock === undefined; lock = await tryLock(name)) {
    if (Date.now() > deadline) {
      throw new UserError(`Another kubernode command still works on cluster "${name}".`, "Let it end, or end it.");
    }
    await sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    lock.close();
  }
}

/** The line for `onWait`. */
export function sayOthersWork(name: string): void {
  process.stdout.write(`Another kubernode command works on cluster "${name}"; waiting for it …\n`);
}
