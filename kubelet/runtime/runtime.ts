/**
 * What the kubelet needs of a container runtime, in its own words; `cri/` implements it over CRI gRPC.
 * All times are milliseconds since the epoch, all calls reject with `RuntimeCallError` (see `runtime-error.ts`).
 */

export type SandboxState = "ready" | "notReady";
export type ContainerState = "created" | "running" | "exited" | "unknown";
export type NamespaceMode = "pod" | "container" | "node" | "target";

export interface RuntimeSandbox {
  readonly id: string;
  readonly podUid: string;
  readonly podName: string;
  readonly podNamespace: string;
  readonly attempt: number;
  readonly state: SandboxState;
  readonly createdAtMs: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Empty for pods in the host's network and for sandboxes that are not ready. */
  readonly ips: readonly string[];
}

export interface RuntimeContainer {
  readonly id: string;
  readonly sandboxId: string;
  readonly name: string;
  readonly attempt: number;
  readonly state: ContainerState;
  readonly createdAtMs: number;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly exitCode: number;
  /** Runtime's word for how it ended, for example `Completed`, `Error`, `OOMKilled`. */
  readonly reason: string;
  readonly message: string;
  /** Image as it was asked for. */
  readonly image: string;
  /** Image as the runtime resolved it. */
  readonly imageRef: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly logPath: string;
}

/** Everything the runtime knows of one pod; newest first in both lists. */
export interface ObservedPod {
  readonly sandboxes: readonly RuntimeSandbox[];
  readonly containers: readonly RuntimeContainer[];
}

export interface SecurityProfileSpec {
  readonly type: "RuntimeDefault" | "Unconfined" | "Localhost";
  readonly localhostRef?: string;
}

export interface NamespaceSpec {
  readonly network: NamespaceMode;
  readonly pid: NamespaceMode;
  readonly ipc: NamespaceMode;
  readonly targetId?: string;
}

export interface PortMappingSpec {
  readonly protocol: "TCP" | "UDP" | "SCTP";
  readonly containerPort: number;
  readonly hostPort: number;
  readonly hostIp: string;
}

export interface DnsSpec {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

export interface SandboxSpec {
  readonly podName: string;
  readonly podNamespace: string;
  readonly podUid: string;
  readonly attempt: number;
  readonly hostname: string;
  readonly logDirectory: string;
  readonly dns: DnsSpec;
  readonly portMappings: readonly PortMappingSpec[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly cgroupParent: string;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly namespaces: NamespaceSpec;
  readonly isPrivileged: boolean;
  readonly runAsUser?: number | undefined;
  readonly runAsGroup?: number | undefined;
  readonly supplementalGroups: readonly number[];
  readonly supplementalGroupsPolicy?: SupplementalGroupsPolicy;
  readonly seccomp: SecurityProfileSpec;
  /** What the runtime class says; the runtime's default when empty or left out. */
  readonly runtimeHandler?: string;
  /** What the sandbox itself costs, and what its containers may use together. */
  readonly overhead?: ContainerResourcesSpec | undefined;
}

export interface MountSpec {
  readonly containerPath: string;
  readonly hostPath: string;
  readonly isReadOnly: boolean;
  readonly propagation: "private" | "hostToContainer" | "bidirectional";
  /** What is mounted below is read-only too. */
  readonly isRecursiveReadOnly?: boolean | undefined;
  /** The content of an image takes the place of the host's path. */
  readonly image?: { readonly reference: string; readonly subPath: string } | undefined;
}

export interface DeviceSpec {
  readonly hostPath: string;
  readonly containerPath: string;
  /** As control groups say it: `r` read, `w` write, `m` make. */
  readonly permissions: string;
}

export interface ContainerResourcesSpec {
  readonly cpuPeriod: number;
  readonly cpuQuota: number;
  readonly cpuShares: number;
  readonly memoryLimitBytes: number;
  readonly oomScoreAdj: number;
  readonly hugePageLimits?: readonly HugePageLimit[];
  /** Files of control groups version 2, as they are. */
  readonly unified?: Readonly<Record<string, string>>;
}

export interface HugePageLimit {
  /** For example `2MB`. */
  readonly pageSize: string;
  readonly limitBytes: number;
}

/** Whether the image's own groups of the user count too. */
export type SupplementalGroupsPolicy = "Merge" | "Strict";

export interface ContainerSecuritySpec {
  readonly isPrivileged: boolean;
  readonly addCapabilities: readonly string[];
  readonly dropCapabilities: readonly string[];
  readonly namespaces: NamespaceSpec;
  readonly runAsUser?: number | undefined;
  readonly runAsUsername?: string | undefined;
  readonly runAsGroup?: number | undefined;
  readonly supplementalGroups: readonly number[];
  readonly supplementalGroupsPolicy?: SupplementalGroupsPolicy;
  readonly appArmor?: SecurityProfileSpec | undefined;
  readonly hasReadOnlyRootFilesystem: boolean;
  readonly hasNoNewPrivileges: boolean;
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
  readonly seccomp: SecurityProfileSpec;
}

export interface ContainerSpec {
  readonly name: string;
  readonly attempt: number;
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly workingDir: string;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly mounts: readonly MountSpec[];
  readonly devices: readonly DeviceSpec[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Relative to the sandbox's log directory. */
  readonly logPath: string;
  readonly hasStdin: boolean;
  readonly isStdinOnce: boolean;
  readonly hasTty: boolean;
  readonly resources: ContainerResourcesSpec;
  readonly security: ContainerSecuritySpec;
}

export interface RuntimeImage {
  readonly id: string;
  readonly tags: readonly string[];
  readonly digests: readonly string[];
  readonly sizeBytes: number;
  /** User the image runs as: a number, or a name that the image's /etc/passwd resolves. */
  readonly uid: number | undefined;
  readonly username: string;
  /** Must not be removed: the runtime itself needs it. */
  readonly isPinned?: boolean;
}

export interface RegistryCredentials {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly serverAddress?: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
}

export interface RuntimeCondition {
  readonly type: string;
  readonly isTrue: boolean;
  readonly reason: string;
  readonly message: string;
}

export interface RuntimeVersion {
  /** For example `containerd`. */
  readonly name: string;
  readonly version: string;
}

export interface ExecResult {
  readonly exitCode: number;
  readonly output: Buffer;
}

export interface ContainerUsage {
  readonly containerId: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly timestampMs: number;
  readonly cpuNanoSeconds: number;
  readonly workingSetBytes: number;
  readonly usageBytes: number;
  readonly rssBytes: number;
  readonly filesystemUsedBytes: number;
  readonly filesystemInodesUsed: number;
}

export interface ExecStreams {
  readonly hasStdin: boolean;
  readonly hasStdout: boolean;
  readonly hasStderr: boolean;
  readonly hasTty: boolean;
}

/** Something happened to this container or sandbox: look at its pod again. */
export interface RuntimeEvent {
  readonly containerId: string;
  readonly type: "started" | "stopped" | "deleted";
}

export interface ContainerRuntime {
  version(): Promise<RuntimeVersion>;
  conditions(): Promise<readonly RuntimeCondition[]>;
  /** Whether it can leave out groups that only the image's user is in. */
  hasSupplementalGroupsPolicy(): Promise<boolean>;
  /** Whether mounts below a read-only mount can be made read-only too. */
  canMountRecursiveReadOnly(): Promise<boolean>;

  createSandbox(spec: SandboxSpec, signal?: AbortSignal): Promise<string>;
  stopSandbox(id: string): Promise<void>;
  removeSandbox(id: string): Promise<void>;

  createContainer(sandboxId: string, spec: ContainerSpec, sandbox: SandboxSpec, signal?: AbortSignal): Promise<string>;
  startContainer(id: string): Promise<void>;
  /** Sends a signal (`SIGUSR1`) to its first process; nothing happens when there is none any more. */
  signalContainer(id: string, signal: string): Promise<void>;
  /** Asks it to end, and kills it after the grace. Resolves when it is dead. */
  stopContainer(id: string, graceSeconds: number, signal?: AbortSignal): Promise<void>;
  removeContainer(id: string): Promise<void>;
  /** Changes the limits of a running container. */
  updateContainerResources(id: string, resources: ContainerResourcesSpec): Promise<void>;
  reopenLog(id: string): Promise<void>;

  /** State of one pod, with exit codes and addresses. */
  observePod(podUid: string): Promise<ObservedPod>;
  /** Sandboxes and containers of this kubelet by pod uid, without exit codes and addresses (one call each). */
  listPods(): Promise<ReadonlyMap<string, ObservedPod>>;

  exec(containerId: string, command: readonly string[], timeoutSeconds: number): Promise<ExecResult>;
  /** URL at which the runtime serves the stream. */
  execUrl(containerId: string, command: readonly string[], streams: ExecStreams): Promise<string>;
  attachUrl(containerId: string, streams: ExecStreams): Promise<string>;
  portForwardUrl(sandboxId: string, ports: readonly number[]): Promise<string>;

  listImages(): Promise<readonly RuntimeImage[]>;
  imageStatus(image: string): Promise<RuntimeImage | undefined>;
  /** Resolves to the image's reference. */
  pullImage(image: string, credentials: RegistryCredentials | undefined, signal?: AbortSignal): Promise<string>;
  removeImage(image: string): Promise<void>;
  /** Where images are kept. */
  imageFilesystem(): Promise<{ readonly mountpoint: string; readonly usedBytes: number } | undefined>;

  usage(): Promise<readonly ContainerUsage[]>;
  /**
   * Calls back for every event until `signal` aborts; rejects when the stream breaks. `onOpen` is called once events
   * can no longer be missed.
   */
  events(signal: AbortSignal, onOpen: () => void, onEvent: (event: RuntimeEvent) => void): Promise<void>;
  close(): void;
}
