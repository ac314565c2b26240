/**
 * A node in a network namespace of its own: a bridge with "pods" on it, an outside host, and an API server that the
 * test process runs. Everything it makes is in namespaces that `close` removes.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { promisify } from "node:util";
import { startTestApiServer, type TestApiServer } from "../../support/api-server.ts";

const execute = promisify(execFile);
const HERE = import.meta.dirname;
const RELAY_PORT = 6443;
export const POD_PORT = 8080;
export const NODE_IP = "192.168.77.1";
export const OUTSIDE_IP = "192.168.77.2";
export const POD_CIDR = "10.244.0.0/24";
export const GATEWAY_IP = "10.244.0.1";

export type Place = "node" | "outside" | "p1" | "p2";
const POD_IPS = { p1: "10.244.0.11", p2: "10.244.0.12" } as const;
export const podIp = (pod: "p1" | "p2"): string => POD_IPS[pod];

/** A kubeconfig with no more rights than the component has, for use inside the node's namespace. */
async function kubeconfigOf(api: TestApiServer, user: string): Promise<string> {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const { clientCertificate } = await api.accessOf(user);
  return api
    .kubeconfig()
    .replaceAll(api.url, `https://127.0.0.1:${RELAY_PORT}`)
    .replaceAll(base64(api.admin.certificate), base64(clientCertificate?.cert ?? ""))
    .replaceAll(base64(api.admin.key), base64(clientCertificate?.key ?? ""));
}

export class Lab {
  readonly api: TestApiServer;
  readonly #directory: string;
  readonly #relay: Server;
  readonly #children: ChildProcess[] = [];
  readonly #prefix = `kn-proxy-${process.pid}`;
  #proxy: ChildProcess | undefined;
  /** What kube-proxy said last, to be shown when a test fails. */
  log = "";

  private constructor(api: TestApiServer, directory: string, relay: Server) {
    this.api = api;
    this.#directory = directory;
    this.#relay = relay;
  }

  static async open(): Promise<Lab> {
    const api = await startTestApiServer();
    const directory = mkdtempSync(join(tmpdir(), "kn-proxy-"));
    const relay = createServer((client) => {
      const server = connect(api.port, "127.0.0.1");
      client.on("error", () => server.destroy());
      server.on("error", () => client.destroy());
      client.pipe(server).pipe(client);
    });
    relay.listen(join(directory, "api.sock"));
    await once(relay, "listening");
    const lab = new Lab(api, directory, relay);
    await lab.#makeNetwork();
    await lab.#spawnReady("node", join(HERE, "relay.ts"), String(RELAY_PORT), join(directory, "api.sock"));
    for (const pod of ["p1", "p2"] as const)
      await lab.#spawnReady(pod, join(HERE, "echo-server.ts"), pod, String(POD_PORT));
    writeFileSync(join(directory, "kubeconfig"), await kubeconfigOf(api, "system:kube-proxy"), { mode: 0o600 });
    return lab;
  }

  async close(): Promise<void> {
    await this.killProxy();
    for (const child of this.#children) child.kill("SIGKILL");
    for (const place of ["node", "outside", "p1", "p2"] as const) {
      await execute("ip", ["netns", "del", this.#name(place)]).catch(() => undefined);
    }
    this.#relay.close();
    await this.api.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** Runs a command in one of the namespaces. */
  async run(place: Place, command: string, ...args: string[]): Promise<string> {
    const { stdout } = await execute("nsenter", [`--net=/run/netns/${this.#name(place)}`, command, ...args]);
    return stdout;
  }

  /** Answers to `count` questions, each over a connection of its own. */
  async ask(
    place: Place,
    protocol: "tcp" | "udp",
    host: string,
    port: number,
    count = 1,
    sourcePort = 0,
  ): Promise<string[]> {
    const args = [join(HERE, "send.ts"), protocol, host, String(port), String(count), String(sourcePort)];
    return JSON.parse(await this.run(place, process.execPath, ...args)) as string[];
  }

  /** A TCP connection that stays; the function asks one question over it. */
  hold(place: Place, host: string, port: number): () => Promise<string> {
    const child = this.#spawn(place, join(HERE, "send.ts"), "hold", host, String(port));
    return async () => {
      child.stdin?.write("?\n");
      const [answer] = (await once(child.stdout ?? child, "data")) as [Buffer];
      return answer.toString().trim();
    };
  }

  /** Starts kube-proxy as the process it is; it need not be ready when this returns. */
  startProxy(...extra: string[]): void {
    const flags = [
      "--kubeconfig",
      join(this.#directory, "kubeconfig"),
      "--hostname-override",
      "node",
      "--cluster-cidr",
      POD_CIDR,
    ];
    const periods = ["--iptables-sync-period", "1s", "--iptables-min-sync-period", "50ms"];
    this.#proxy = this.#spawn("node", join(HERE, "../../../kube-proxy/main.ts"), ...flags, ...periods, ...extra);
    this.#proxy.stderr?.on("data", (data: Buffer) => {
      this.log = `${this.log}${data.toString()}`.slice(-5000);
    });
  }

  async killProxy(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#proxy;
    this.#proxy = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  async cleanUp(prefix = "KUBE"): Promise<void> {
    const script = join(HERE, "../../../kube-proxy/main.ts");
    await this.run("node", process.execPath, script, "--cleanup", "--iptables-chain-prefix", prefix);
  }

  #name(place: Place): string {
    return `${this.#prefix}-${place}`;
  }

  #spawn(place: Place, script: string, ...args: string[]): ChildProcess {
    const command = [`--net=/run/netns/${this.#name(place)}`, process.execPath, script, ...args];
    const child = spawn("nsenter", command, { stdio: ["pipe", "pipe", "pipe"] });
    this.#children.push(child);
    return child;
  }

  async #spawnReady(place: Place, script: string, ...args: string[]): Promise<void> {
    const child = this.#spawn(place, script, ...args);
    await once(child.stdout ?? child, "data");
  }

  /** `outside` — veth — `node` — bridge — `p1`, `p2`. */
  async #makeNetwork(): Promise<void> {
    const ip = (place: Place, text: string) => this.run(place, "ip", ...text.split(" "));
    for (const place of ["node", "outside", "p1", "p2"] as const) {
      await execute("ip", ["netns", "add", this.#name(place)]);
      await ip(place, "link set lo up");
    }
    await ip("node", "link add br0 type bridge");
    await ip("node", `addr add ${GATEWAY_IP}/24 dev br0`);
    await ip("node", "link set br0 up");
    const links = {
      outside: ["eth0", `${OUTSIDE_IP}/24`],
      p1: ["pod1", `${POD_IPS.p1}/24`],
      p2: ["pod2", `${POD_IPS.p2}/24`],
    } as const;
    for (const place of ["outside", "p1", "p2"] as const) {
      const [link, address] = links[place];
      await ip("node", `link add ${link} type veth peer name eth0 netns ${this.#name(place)}`);
      await ip("node", place === "outside" ? `addr add ${NODE_IP}/24 dev ${link}` : `link set ${link} master br0`);
      // As the CNI plugin does with `hairpinMode`: a pod may answer itself through the port it asked from.
      if (place !== "outside") await ip("node", `link set ${link} type bridge_slave hairpin on`);
      await ip("node", `link set ${link} up`);
      await ip(place, `addr add ${address} dev eth0`);
      await ip(place, "link set eth0 up");
      await ip(place, `route add default via ${place === "outside" ? NODE_IP : GATEWAY_IP}`);
    }
    await ip("node", `route add default via ${OUTSIDE_IP}`);
    await this.run("node", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
  }
}
