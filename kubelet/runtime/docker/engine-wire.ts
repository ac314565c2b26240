/** Shapes of the Engine's answers, as far as they are read (Docker Engine API 1.41 and later). */

export interface WireListedContainer {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly ImageID: string;
  /** Seconds since the epoch. */
  readonly Created: number;
  readonly State: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly HostConfig: { readonly NetworkMode: string };
}

export interface WireContainerState {
  readonly Status: string;
  readonly Running: boolean;
  readonly OOMKilled: boolean;
  readonly Pid: number;
  readonly ExitCode: number;
  readonly Error: string;
  readonly StartedAt: string;
  readonly FinishedAt: string;
}

export interface WireContainer {
  readonly Id: string;
  readonly Created: string;
  /** Id of the image. */
  readonly Image: string;
  readonly State: WireContainerState;
  readonly Config: {
    readonly Image: string;
    readonly Tty: boolean;
    readonly OpenStdin: boolean;
    readonly Labels: Readonly<Record<string, string>> | null;
  };
  readonly HostConfig: { readonly NetworkMode: string };
  /** Path of the network namespace. */
  readonly NetworkSettings: { readonly SandboxKey: string };
  readonly ResolvConfPath: string;
}

export interface WireImage {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
  readonly RepoDigests: readonly string[] | null;
  readonly Size: number;
  readonly Config?: { readonly User?: string } | null;
}

export interface WireExec {
  readonly Running: boolean;
  readonly ExitCode: number | null;
  readonly Pid: number;
}

export interface WireEvent {
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
}

export interface WireInfo {
  readonly ServerVersion: string;
  readonly DockerRootDir: string;
  readonly CgroupDriver: string;
}

export interface WirePullProgress {
  readonly error?: string;
  readonly status?: string;
}

export interface WireDiskUsage {
  readonly LayersSize: number;
  readonly Containers: readonly { readonly Id: string; readonly SizeRw?: number }[] | null;
}

export interface WireStats {
  readonly read: string;
  readonly cpu_stats: { readonly cpu_usage: { readonly total_usage: number } };
  readonly memory_stats: {
    readonly usage?: number;
    /** Counters of `memory.stat`: those of cgroup v1 have a `total_` of the whole group. */
    readonly stats?: Readonly<Record<string, number>>;
  };
}
