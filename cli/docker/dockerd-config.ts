/**
 * Configuration of a cluster's own Docker Engine and of the containerd below it: nothing of them is shared with
 * another one on the machine. Pure.
 */

export interface DockerdOptions {
  readonly rootDir: string;
  readonly execDir: string;
  readonly socket: string;
  readonly containerdSocket: string;
  /** Of its version: newer ones refuse settings that older ones need. */
  readonly majorVersion: number;
  /** Program that takes the place of runc; empty for runc itself. */
  readonly runc: string;
}

const RUNTIME = "limited";

/** Before this version the daemon lowered its own OOM score and kept a key in /etc. */
const OWN_WAYS_UNTIL = 24;

function oldSettings({ rootDir }: DockerdOptions): object {
  // Where CAP_SYS_RESOURCE is missing, any lower score is refused.
  return { "oom-score-adjust": 0, "deprecated-key-path": `${rootDir}/key.json` };
}

/** From what `dockerd --version` prints. */
export function majorVersionOf(text: string): number {
  return Number(/version (\d+)\./.exec(text)?.[1] ?? 0);
}

/** `daemon.json`: no networks of the Engine's own (pods get theirs from CNI), containers outlive the daemon. */
export function dockerdConfig(options: DockerdOptions): string {
  return `${JSON.stringify(
    {
      hosts: [`unix://${options.socket}`],
      group: "root",
      "data-root": options.rootDir,
      "exec-root": options.execDir,
      containerd: options.containerdSocket,
      bridge: "none",
      iptables: false,
      ip6tables: false,
      "ip-forward": false,
      "ip-masq": false,
      "userland-proxy": false,
      "exec-opts": ["native.cgroupdriver=cgroupfs"],
      "live-restore": true,
      ...(options.majorVersion < OWN_WAYS_UNTIL ? oldSettings(options) : {}),
      ...(options.runc === "" ? {} : { runtimes: { [RUNTIME]: { path: options.runc } }, "default-runtime": RUNTIME }),
      "log-driver": "json-file",
      "log-level": "warn",
    },
    null,
    2,
  )}\n`;
}

export interface EngineContainerdOptions {
  readonly rootDir: string;
  readonly stateDir: string;
  readonly socket: string;
}

/** What the Engine does not ask for: CRI, and snapshotters (it has its own image store). */
const DISABLED_PLUGINS = [
  "io.containerd.grpc.v1.cri",
  "io.containerd.internal.v1.opt",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
];

/** TOML, configuration version 2. */
export function engineContainerdConfig({ rootDir, stateDir, socket }: EngineContainerdOptions): string {
  const quote = (text: string): string => JSON.stringify(text);
  return `version = 2
root = ${quote(rootDir)}
state = ${quote(stateDir)}
oom_score = 0
disabled_plugins = [${DISABLED_PLUGINS.map(quote).join(", ")}]

[grpc]
  address = ${quote(socket)}
`;
}
