/** Shapes of `cri-v1.proto` as the loader hands them over: camel case, enums as names, missing fields defaulted. */

export interface WireMetadata {
  readonly name: string;
  readonly uid: string;
  readonly namespace: string;
  readonly attempt: number;
}

export interface WireSandbox {
  readonly id: string;
  readonly metadata: WireMetadata | null;
  readonly state: "SANDBOX_READY" | "SANDBOX_NOTREADY";
  readonly createdAt: number;
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly network?: { readonly ip: string; readonly additionalIps: readonly { readonly ip: string }[] } | null;
}

export type WireContainerState = "CONTAINER_CREATED" | "CONTAINER_RUNNING" | "CONTAINER_EXITED" | "CONTAINER_UNKNOWN";

export interface WireContainer {
  readonly id: string;
  readonly podSandboxId: string;
  readonly metadata: { readonly name: string; readonly attempt: number } | null;
  readonly image: { readonly image: string } | null;
  readonly imageRef: string;
  readonly state: WireContainerState;
  readonly createdAt: number;
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
}

export interface WireContainerStatus extends Omit<WireContainer, "podSandboxId"> {
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
  readonly logPath: string;
}

export interface WireImage {
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly size: number;
  readonly uid: { readonly value: number } | null;
  readonly username: string;
  readonly pinned: boolean;
}

interface WireCounter {
  readonly value: number;
}

export interface WireStats {
  readonly attributes: { readonly id: string; readonly labels: Record<string, string> } | null;
  readonly cpu: { readonly timestamp: number; readonly usageCoreNanoSeconds: WireCounter | null } | null;
  readonly memory: {
    readonly workingSetBytes: WireCounter | null;
    readonly usageBytes: WireCounter | null;
    readonly rssBytes: WireCounter | null;
  } | null;
  readonly writableLayer: WireFilesystem | null;
}

export interface WireFilesystem {
  readonly fsId: { readonly mountpoint: string } | null;
  readonly usedBytes: WireCounter | null;
  readonly inodesUsed: WireCounter | null;
}

/** Response of each unary call that answers something. */
export interface CriResponses {
  readonly Version: { readonly runtimeName: string; readonly runtimeVersion: string };
  readonly Status: {
    readonly status: {
      readonly conditions: readonly { type: string; status: boolean; reason: string; message: string }[];
    } | null;
    /** Only when it was asked for. */
    readonly info: Readonly<Record<string, string>>;
    readonly features: { readonly supplementalGroupsPolicy: boolean } | null;
    readonly runtimeHandlers: readonly {
      readonly name: string;
      readonly features: { readonly recursiveReadOnlyMounts: boolean } | null;
    }[];
  };
  readonly RunPodSandbox: { readonly podSandboxId: string };
  readonly StopPodSandbox: object;
  readonly RemovePodSandbox: object;
  readonly PodSandboxStatus: { readonly status: WireSandbox | null };
  readonly ListPodSandbox: { readonly items: readonly WireSandbox[] };
  readonly CreateContainer: { readonly containerId: string };
  readonly StartContainer: object;
  readonly StopContainer: object;
  readonly RemoveContainer: object;
  readonly UpdateContainerResources: object;
  readonly ListContainers: { readonly containers: readonly WireContainer[] };
  readonly ContainerStatus: {
    readonly status: WireContainerStatus | null;
    /** Only when it was asked for: the runtime's own words, as JSON. */
    readonly info: Readonly<Record<string, string>>;
  };
  readonly ReopenContainerLog: object;
  readonly ExecSync: { readonly stdout: Buffer; readonly stderr: Buffer; readonly exitCode: number };
  readonly Exec: { readonly url: string };
  readonly Attach: { readonly url: string };
  readonly PortForward: { readonly url: string };
  readonly ListContainerStats: { readonly stats: readonly WireStats[] };
  readonly ListImages: { readonly images: readonly WireImage[] };
  readonly ImageStatus: { readonly image: WireImage | null };
  readonly PullImage: { readonly imageRef: string };
  readonly RemoveImage: object;
  readonly ImageFsInfo: { readonly imageFilesystems: readonly WireFilesystem[] };
}

export type CriMethod = keyof CriResponses;
