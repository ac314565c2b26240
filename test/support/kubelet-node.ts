/**
 * A node for tests: a container runtime of its own and a real kubelet process against an API server of the test, in a
 * temporary folder, with its own bridge, pod range and control group. `close` leaves nothing behind.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { imageArchitecture, PAUSE_IMAGE, pauseArchive } from "../../cli/image/pause-image.ts";
import { masqueradeChain } from "../../kubelet/network/masquerade.ts";
import { openRuntime } from "../../kubelet/runtime/open-runtime.ts";
import type { ContainerRuntime } from "../../kubelet/runtime/runtime.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { nodes } from "../../shared/resources/catalog.ts";
import type { TestApiServer } from "./api-server.ts";
import { withTestImages } from "./images.ts";
import { chosenRuntime, type NodeRuntime, type NodeRuntimeName, nodeRuntime } from "./node-runtime.ts";
import { until } from "./until.ts";

const MAIN = new URL("../../kubelet/main.ts", import.meta.url).pathname;
const LOG_LENGTH_MAX = 6000;
const LOG_BYTES_MAX = 10 * 1024 * 1024;
const CGROUP_MOUNT = "/sys/fs/cgroup";

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

export class KubeletNode {
  readonly name = "test-node";
  readonly folder: string;
  readonly runtime: ContainerRuntime;
  readonly #api: TestApiServer;
  readonly #bridge: string;
  readonly #podCidr: string;
  readonly #cgroup: string;
  readonly #engine: NodeRuntime;
  #daemons: ChildProcess[] = [];
  #kubelet: ChildProcess | undefined;
  port = 0;

  readonly #folders: Readonly<Record<string, string>>;

  /** `folders`: flags of the kubelet that name a path, given relative to the node's folder. */
  constructor(api: TestApiServer, folders: Readonly<Record<string, string>> = {}) {
    this.#folders = folders;
    const number = process.pid % 250;
    this.#api = api;
    this.folder = mkdtempSync(join(tmpdir(), "kubernode-kubelet-"));
    this.#bridge = `knt${process.pid}`.slice(0, 15);
    this.#podCidr = `10.197.${number}.0/24`;
    this.#cgroup = `/kubernode-test-${process.pid}`;
    this.#engine = nodeRuntime(chosenRuntime(), this.folder);
    this.runtime = openRuntime(
      {
        endpoint: `unix://${this.#engine.socket}`,
        sandboxImage: PAUSE_IMAGE,
        cniConfDir: join(this.folder, "cni"),
        rootDir: this.#kubeletRoot,
        logs: { bytesMax: LOG_BYTES_MAX, filesMax: 2 },
      },
      systemClock,
    );
  }

  get #kubeletRoot(): string {
    return join(this.folder, "kubelet-root");
  }

  /** As the node and its containers name it. */
  get runtimeName(): NodeRuntimeName {
    return this.#engine.name;
  }

  /** Below which all control groups of this node's pods are. */
  get cgroup(): string {
    return this.#cgroup;
  }

  get kubeletLog(): string {
    const file = join(this.folder, "kubelet.log");
    return existsSync(file) ? readFileSync(file, "utf8").slice(-LOG_LENGTH_MAX) : "";
  }

  /** Runtime, images, kubelet, and the node Ready with a pod range. */
  async start(): Promise<void> {
    await this.startRuntime();
    await this.#importImages();
    this.port = await freePort();
    await this.startKubelet();
    try {
      await this.#untilReady();
    } catch (error) {
      throw new Error(`the node does not become ready: ${this.kubeletLog}`, { cause: error });
    }
  }

  async #untilReady(): Promise<void> {
    const client = this.#api.client;
    await until(() => client.get(nodes, { name: this.name }), 30_000);
    await client.patch(nodes, { name: this.name }, "merge", {
      spec: { podCIDR: this.#podCidr, podCIDRs: [this.#podCidr] },
    });
    await until(() => this.isReady(), 30_000);
  }

  async isReady(): Promise<boolean> {
    const { status } = await this.#api.client.get(nodes, { name: this.name });
    return status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") === true;
  }

  async startRuntime(): Promise<void> {
    mkdirSync(join(this.folder, "cni"), { recursive: true });
    for (const [index, { program, args }] of this.#engine.daemons.entries()) {
      const running = this.#daemons[index];
      if (running !== undefined && isAlive(running)) continue;
      this.#daemons[index] = this.#spawn(basename(program), program, args);
      // The last one serves the node; each needs the socket of the one before.
      if (index < this.#engine.daemons.length - 1) await until(() => existsSync(join(this.folder, "containerd.sock")));
    }
    await until(() => this.runtime.conditions().then(() => true), 20_000);
  }

  async #importImages(): Promise<void> {
    const pause = join(this.folder, "pause.tar");
    writeFileSync(pause, pauseArchive(imageArchitecture()));
    await this.#engine.load(pause);
    await withTestImages(async (paths) => {
      for (const path of paths) await this.#engine.load(path);
    });
  }

  /** An archive of images, into the node's runtime. */
  loadImages(archive: string): Promise<void> {
    return this.#engine.load(archive);
  }

  async startKubelet(): Promise<void> {
    const kubeconfig = join(this.folder, "kubeconfig");
    const ca = join(this.folder, "ca.crt");
    writeFileSync(kubeconfig, await this.#kubeconfig());
    writeFileSync(ca, this.#api.authority.certificate);
    const program = join(this.folder, "kubelet");
    if (!existsSync(program)) symlinkSync(process.execPath, program);
    const flags = {
      kubeconfig,
      "hostname-override": this.name,
      "container-runtime-endpoint": `unix://${this.#engine.socket}`,
      "root-dir": this.#kubeletRoot,
      "node-ip": "127.0.0.1",
      address: "127.0.0.1",
      port: this.port,
      "healthz-port": 0,
      "client-ca-file": ca,
      "cni-conf-dir": join(this.folder, "cni"),
      "cni-bridge": this.#bridge,
      "cgroup-root": this.#cgroup,
      ...Object.fromEntries(Object.entries(this.#folders).map(([flag, path]) => [flag, join(this.folder, path)])),
    };
    this.#kubelet = this.#spawn("kubelet", program, [
      MAIN,
      ...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
    ]);
  }

  /** The node's own identity, so that its permissions are tested too. */
  async #kubeconfig(): Promise<string> {
    const access = await this.#api.accessOf(`system:node:${this.name}`, ["system:nodes"]);
    const encode = (text: string | undefined): string => Buffer.from(text ?? "").toString("base64");
    return JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster: { server: access.server, "certificate-authority-data": encode(access.ca) } }],
      users: [
        {
          name: "u",
          user: {
            "client-certificate-data": encode(access.clientCertificate?.cert),
            "client-key-data": encode(access.clientCertificate?.key),
          },
        },
      ],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      "current-context": "x",
    });
  }

  #spawn(name: string, program: string, args: readonly string[]): ChildProcess {
    const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"], detached: true });
    child.stderr?.on("data", (chunk: Buffer) => {
      if (existsSync(this.folder)) appendFileSync(join(this.folder, `${name}.log`), chunk);
    });
    return child;
  }

  signalKubelet(signal: NodeJS.Signals): void {
    this.#kubelet?.kill(signal);
  }

  killKubelet(): Promise<void> {
    return kill(this.#kubelet, "SIGKILL");
  }

  /** The daemon that serves the node; containers live on. */
  killRuntime(): Promise<void> {
    return kill(this.#daemons.at(-1), "SIGKILL");
  }

  async close(): Promise<void> {
    await kill(this.#kubelet, "SIGTERM");
    for (const [, { containers, sandboxes }] of await this.runtime.listPods()) {
      for (const { id } of containers) await this.runtime.stopContainer(id, 0);
      for (const { id } of sandboxes) {
        await this.runtime.stopSandbox(id);
        await this.runtime.removeSandbox(id);
      }
    }
    this.runtime.close();
    for (const daemon of this.#daemons.toReversed()) await kill(daemon, "SIGTERM");
    this.#unmountAll();
    quietly("ip", "link", "delete", this.#bridge);
    this.#removeRules();
    for (const tree of readdirSync(CGROUP_MOUNT)) removeGroups(join(CGROUP_MOUNT, tree, this.#cgroup));
    rmSync(this.folder, { recursive: true, force: true });
    for (const folder of this.#engine.sharedFolders) quietly("rmdir", folder);
  }

  #unmountAll(): void {
    const paths = readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .map((line) => line.split(" ")[4] ?? "")
      .filter((path) => path.startsWith(`${this.folder}/`));
    for (const path of paths.toReversed()) quietly("umount", path);
  }

  #removeRules(): void {
    const chain = masqueradeChain(this.#bridge);
    const rules = execFileSync("iptables", ["-w", "-t", "nat", "-S", "POSTROUTING"], { encoding: "utf8" }).split("\n");
    for (const rule of rules.filter((text) => text.includes(chain))) {
      const words = rule.match(/"[^"]*"|\S+/g)?.map((word) => word.replaceAll('"', "")) ?? [];
      quietly("iptables", "-w", "-t", "nat", "-D", ...words.slice(1));
    }
    quietly("iptables", "-w", "-t", "nat", "-F", chain);
    quietly("iptables", "-w", "-t", "nat", "-X", chain);
  }
}

function quietly(program: string, ...args: string[]): void {
  try {
    execFileSync(program, args, { stdio: "ignore" });
  } catch {
    // It was not there.
  }
}

function removeGroups(directory: string): void {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) removeGroups(join(directory, entry.name));
  }
  rmdirSync(directory);
}

const isAlive = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

function kill(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || !isAlive(child)) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill(signal);
  });
}
