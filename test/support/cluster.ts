/** A real cluster for a test, started and removed by the command that users have. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cluster, clusterOf } from "../../cli/cluster/cluster.ts";
import { readRecord } from "../../cli/cluster/cluster-records.ts";
import type { ClusterStatus } from "../../cli/commands/status.ts";
import { findLeftovers } from "../../cli/down/leftovers.ts";
import { withTestImages } from "./images.ts";
import { type Kubectl, kubectlFor, type KubectlVersion } from "./kubectl.ts";

const KUBERNODE = join(import.meta.dirname, "..", "..", "kubernode");
const COMMAND_TIMEOUT_MS = 180_000;

export const STORES = ["sqlite", "etcd"] as const;
export type StoreKind = (typeof STORES)[number];

export interface CommandOutput {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface TestCluster {
  readonly name: string;
  readonly kubeconfig: string;
  readonly cluster: Cluster;
  /** Runs `./kubernode COMMAND --name NAME …`. */
  kubernode(...args: readonly string[]): CommandOutput;
  /** The same in the background. */
  start(...args: readonly string[]): ChildProcess;
  kubectl(version?: KubectlVersion): Kubectl;
  status(): ClusterStatus;
  /** pid of a component, by its name in `status`. */
  pid(component: string): number;
  loadImages(): Promise<void>;
  leftovers(): Promise<string[]>;
  /** `down --purge`; throws when it fails or something is left. */
  remove(): Promise<void>;
}

/** A name of its own and a kubeconfig of its own; nothing is started. */
export function testCluster(): TestCluster {
  const name = `test-${randomBytes(3).toString("hex")}`;
  const folder = mkdtempSync(join(tmpdir(), "kubernode-e2e-"));
  const kubeconfig = join(folder, "config");
  const env = { ...process.env, KUBECONFIG: kubeconfig, NO_COLOR: "1" };
  const argsFor = (args: readonly string[]): string[] => [...args, "--name", name];
  let known: Cluster | undefined;
  const cluster = (): Cluster => {
    const record = readRecord(name);
    if (record !== undefined) known = clusterOf(record);
    if (known === undefined) throw new Error(`cluster ${name} was never started`);
    return known;
  };
  const kubernode = (...args: readonly string[]): CommandOutput => {
    const done = spawnSync(KUBERNODE, argsFor(args), { env, encoding: "utf8", timeout: COMMAND_TIMEOUT_MS });
    return { code: done.status ?? 137, stdout: done.stdout, stderr: done.stderr };
  };
  const status = (): ClusterStatus => JSON.parse(kubernode("status", "-o", "json").stdout) as ClusterStatus;
  return {
    name,
    kubeconfig,
    get cluster() {
      return cluster();
    },
    kubernode,
    start: (...args) => spawn(KUBERNODE, argsFor(args), { env, stdio: ["ignore", "pipe", "pipe"] }),
    kubectl: (version) => kubectlFor(kubeconfig, version),
    status,
    pid: (component) => status().components.find((row) => row.name === component)?.pid ?? 0,
    loadImages: () =>
      withTestImages((paths) => {
        for (const path of paths) must(kubernode("image", "load", path), "image load");
      }),
    leftovers: () => (known === undefined ? Promise.resolve([]) : findLeftovers(cluster())),
    async remove() {
      const saved = process.env["KUBECONFIG"];
      try {
        if (readRecord(name) !== undefined) cluster();
        must(kubernode("down", "--purge"), "down --purge");
        process.env["KUBECONFIG"] = kubeconfig;
        const left = known === undefined ? [] : await findLeftovers(known);
        if (left.length > 0) throw new Error(`left after down --purge:\n${left.join("\n")}`);
      } finally {
        if (saved === undefined) delete process.env["KUBECONFIG"];
        else process.env["KUBECONFIG"] = saved;
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

function must(output: CommandOutput, what: string): void {
  if (output.code !== 0) throw new Error(`kubernode ${what}: code ${output.code}\n${output.stdout}${output.stderr}`);
}

/** Starts a cluster with the test images loaded. When it does not start, its logs are in the error. */
export async function startTestCluster(store: StoreKind, ...args: readonly string[]): Promise<TestCluster> {
  const started = testCluster();
  const output = started.kubernode("up", "--detach", "--store", store, ...args);
  if (output.code !== 0) {
    const log = output.code === 0 ? "" : logTails(started);
    await started.remove();
    throw new Error(`kubernode up: code ${output.code}\n${output.stdout}${output.stderr}${log}`);
  }
  await started.loadImages();
  return started;
}

function logTails(started: TestCluster): string {
  return started
    .status()
    .components.map(({ name }) => {
      try {
        const lines = readFileSync(join(started.cluster.logDir, `${name}.log`), "utf8")
          .trimEnd()
          .split("\n");
        return `--- ${name}\n${lines.slice(-5).join("\n")}\n`;
      } catch {
        return `--- ${name}: no log\n`;
      }
    })
    .join("");
}
