/** The configuration of a cluster's own containerd: nothing of it is shared with another one on the machine. Pure. */

export interface ContainerdOptions {
  readonly rootDir: string;
  readonly stateDir: string;
  readonly socket: string;
  readonly sandboxImage: string;
  readonly cniBinDir: string;
  readonly cniConfDir: string;
  /** False where `CAP_SYS_RESOURCE` is missing: runc fails when it must set a score it may not set. */
  readonly mayLowerOomScores: boolean;
}

/** Plugins that a node has no use for, or whose start fails or takes time where their device is missing. */
const DISABLED_PLUGINS = [
  "io.containerd.internal.v1.opt",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
];

const quote = (text: string): string => JSON.stringify(text);

/** TOML, configuration version 2: what containerd 1.6 and 1.7 read, and 2.x migrates. */
export function containerdConfig(options: ContainerdOptions): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = ${quote(options.rootDir)}
state = ${quote(options.stateDir)}
oom_score = 0
disabled_plugins = [${DISABLED_PLUGINS.map(quote).join(", ")}]

[grpc]
  address = ${quote(options.socket)}

[${cri}]
  sandbox_image = ${quote(options.sandboxImage)}
  restrict_oom_score_adj = ${!options.mayLowerOomScores}
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true

[${cri}.containerd]
  snapshotter = "overlayfs"
  default_runtime_name = "runc"

[${cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[${cri}.containerd.runtimes.runc.options]
  SystemdCgroup = false

[${cri}.cni]
  bin_dir = ${quote(options.cniBinDir)}
  conf_dir = ${quote(options.cniConfDir)}
  max_conf_num = 1
`;
}
