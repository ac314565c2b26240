/** A real kube-apiserver process with its own certificates in a temporary folder: for tests that kill it or may crash it. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { createApiClient } from "../../shared/client/http-client.ts";
import type { ClusterAccess } from "../../shared/client/kubeconfig.ts";
import { systemClock } from "../../shared/process/clock.ts";
import {
  type CertificateKeyPair,
  createCertificateAuthority,
  createServiceAccountKey,
  issueCertificate,
} from "../../shared/process/pki.ts";

const MAIN = new URL("../../apiserver/main.ts", import.meta.url).pathname;
const READY_TIMEOUT_MS = 20_000;
const POLL_MS = 50;
/** What a failing test shows of the server's log. */
const LOG_LENGTH_MAX = 4000;

export interface ApiServerProcessOptions {
  /** `--storage-backend=…` and what belongs to it; a SQLite file in the temporary folder when left out. */
  readonly storageFlags?: readonly string[];
  readonly flags?: readonly string[];
}

export class ApiServerProcess {
  readonly port: number;
  readonly access: ClusterAccess;
  readonly client: ApiClient;
  readonly authority: CertificateKeyPair;
  readonly #folder: string;
  readonly #flags: readonly string[];
  #child: ChildProcess | undefined;
  #log = "";

  constructor(
    port: number,
    folder: string,
    flags: readonly string[],
    authority: CertificateKeyPair,
    admin: CertificateKeyPair,
  ) {
    this.port = port;
    this.#folder = folder;
    this.#flags = flags;
    this.authority = authority;
    this.access = {
      server: `https://127.0.0.1:${port}`,
      ca: authority.certificate,
      clientCertificate: { cert: admin.certificate, key: admin.key },
    };
    this.client = createApiClient(this.access, { userAgent: "test", clock: systemClock });
  }

  /** True while the process runs. */
  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Of the process that ended last; nothing while one runs or when a signal ended it. */
  get exitCode(): number | null {
    return this.#child?.exitCode ?? null;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** The end of what it logged. */
  get log(): string {
    return this.#log.slice(-LOG_LENGTH_MAX);
  }

  /** Starts it (again) and waits until it is ready. */
  async start(): Promise<void> {
    this.#child = spawn(process.execPath, [MAIN, ...this.#flags], { stdio: ["ignore", "ignore", "pipe"] });
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.#log = (this.#log + chunk.toString("utf8")).slice(-10 * LOG_LENGTH_MAX);
    });
    const endMs = systemClock.monotonicMs() + READY_TIMEOUT_MS;
    while (!(await this.#isReady())) {
      if (!this.isRunning || systemClock.monotonicMs() > endMs)
        throw new Error(`the apiserver did not start:\n${this.log}`);
      await systemClock.sleep(POLL_MS);
    }
  }

  /** Ends it with that signal and waits for its end. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.isRunning) return;
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill(signal);
    await ended;
  }

  /** Ends it and removes its files. */
  async close(): Promise<void> {
    await this.client.close();
    await this.end("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #isReady(): Promise<boolean> {
    try {
      return (await this.client.raw({ method: "GET", path: "/readyz" })).status === 200;
    } catch {
      // Not listening yet.
      return false;
    }
  }
}

/** Resolves when it is ready. */
export async function startApiServerProcess(options: ApiServerProcessOptions = {}): Promise<ApiServerProcess> {
  const folder = mkdtempSync(join(tmpdir(), "apiserver-"));
  const authority = await createCertificateAuthority("test-ca");
  const serving = await issueCertificate(authority, {
    commonName: "kube-apiserver",
    ipAddresses: ["127.0.0.1"],
    usages: ["server"],
  });
  const admin = await issueCertificate(authority, {
    commonName: "kubernetes-admin",
    organizations: ["system:masters"],
    usages: ["client"],
  });
  const serviceAccountKey = await createServiceAccountKey();
  const put = (name: string, text: string): string => {
    const file = join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const port = await freePort();
  const flags = [
    `--secure-port=${port}`,
    "--bind-address=127.0.0.1",
    ...(options.storageFlags ?? ["--storage-backend=sqlite", `--sqlite-file=${join(folder, "state.db")}`]),
    `--tls-cert-file=${put("serving.crt", serving.certificate)}`,
    `--tls-private-key-file=${put("serving.key", serving.key)}`,
    `--client-ca-file=${put("ca.crt", authority.certificate)}`,
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    `--service-account-key-file=${put("sa.pub", serviceAccountKey.publicKey)}`,
    `--service-account-signing-key-file=${put("sa.key", serviceAccountKey.privateKey)}`,
    "--service-cluster-ip-range=10.96.0.0/16",
    ...(options.flags ?? []),
  ];
  const server = new ApiServerProcess(port, folder, flags, authority, admin);
  await server.start();
  return server;
}

/** A port that nobody listens on at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
