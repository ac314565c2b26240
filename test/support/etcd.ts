/** A real etcd of its own for a test: random loopback ports and a folder that is removed at the end. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Long enough for a machine that is busy with other suites. */
const READY_MS_MAX = 30_000;
const POLL_MS = 50;

export interface RunningEtcd {
  readonly url: string;
  readonly port: number;
  /** kill -9; ports and data stay. */
  kill(): Promise<void>;
  /** Starts it again on the same ports and data. */
  restart(): Promise<void>;
  /** Kills it and removes its folder. */
  stop(): Promise<void>;
}

/** Starts Debian's `etcd` and waits until it answers. */
export async function startEtcd(): Promise<RunningEtcd> {
  const folder = mkdtempSync(join(tmpdir(), "kubernode-etcd-"));
  const [port, peerPort] = [await freePort(), await freePort()];
  let child = await launch(folder, port, peerPort);
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    kill,
    restart: async () => {
      await kill();
      child = await launch(folder, port, peerPort);
    },
    stop: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function launch(folder: string, port: number, peerPort: number): Promise<ChildProcess> {
  const url = `http://127.0.0.1:${port}`;
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  const flags = {
    name: "test",
    "data-dir": join(folder, "data"),
    "listen-client-urls": url,
    "advertise-client-urls": url,
    "listen-peer-urls": peerUrl,
    "initial-advertise-peer-urls": peerUrl,
    "initial-cluster": `test=${peerUrl}`,
    "initial-cluster-token": `test-${port}`,
    "log-level": "error",
  };
  const child = spawn(
    "etcd",
    Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
    { stdio: ["ignore", "ignore", "ignore"] },
  );
  const deadline = Date.now() + READY_MS_MAX;
  while (!(await isHealthy(url))) {
    if (child.exitCode !== null) throw new Error(`etcd ended with ${child.exitCode}`);
    if (Date.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error("etcd does not answer");
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return child;
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(1000) });
    return answer.ok && ((await answer.json()) as { health?: string }).health === "true";
  } catch {
    return false;
  }
}

/** A TCP port of the loopback that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
