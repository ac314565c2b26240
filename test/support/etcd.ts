/** A real etcd of its own for a test: random loopback ports and a folder that is removed at the end. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
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

export interface EtcdTlsPair {
  readonly certificate: string;
  readonly key: string;
}

/** Starts Debian's `etcd` and waits until it answers; clients speak TLS to it when it has a certificate. */
export async function startEtcd(tls?: EtcdTlsPair): Promise<RunningEtcd> {
  const folder = mkdtempSync(join(tmpdir(), "kubernode-etcd-"));
  const [port, peerPort] = [await freePort(), await freePort()];
  if (tls !== undefined) {
    writeFileSync(join(folder, "server.crt"), tls.certificate);
    writeFileSync(join(folder, "server.key"), tls.key);
  }
  const withTls = tls !== undefined;
  let child = await launch(folder, port, peerPort, withTls);
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  return {
    url: `${withTls ? "https" : "http"}://127.0.0.1:${port}`,
    port,
    kill,
    restart: async () => {
      await kill();
      child = await launch(folder, port, peerPort, withTls);
    },
    stop: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function launch(folder: string, port: number, peerPort: number, withTls: boolean): Promise<ChildProcess> {
  const url = `${withTls ? "https" : "http"}://127.0.0.1:${port}`;
  // Health is asked without TLS, on a port of its own.
  const healthUrl = withTls ? `http://127.0.0.1:${await freePort()}` : url;
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
    ...(withTls
      ? {
          "listen-metrics-urls": healthUrl,
          "cert-file": join(folder, "server.crt"),
          "key-file": join(folder, "server.key"),
        }
      : {}),
  };
  const child = spawn(
    "etcd",
    Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
    { stdio: ["ignore", "ignore", "ignore"] },
  );
  const deadline = Date.now() + READY_MS_MAX;
  while (!(await isHealthy(healthUrl))) {
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
