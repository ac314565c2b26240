/** Our specs to CRI requests, CRI answers to our types: pure. */
import type {
  ContainerResourcesSpec,
  ContainerSpec,
  ContainerState,
  ContainerUsage,
  NamespaceMode,
  NamespaceSpec,
  RuntimeContainer,
  RuntimeImage,
  RuntimeSandbox,
  SandboxSpec,
  SecurityProfileSpec,
} from "../runtime.ts";
import { CONTAINER_NAME_LABEL, POD_NAME_LABEL, POD_NAMESPACE_LABEL, POD_UID_LABEL } from "../labels.ts";
import type {
  WireContainer,
  WireContainerState,
  WireContainerStatus,
  WireImage,
  WireSandbox,
  WireStats,
} from "./cri-wire.ts";

const NANOSECONDS_PER_MS = 1_000_000;

const NAMESPACE_MODES: Record<NamespaceMode, string> = {
  pod: "POD",
  container: "CONTAINER",
  node: "NODE",
  target: "TARGET",
};

const CONTAINER_STATES: Record<WireContainerState, ContainerState> = {
  CONTAINER_CREATED: "created",
  CONTAINER_RUNNING: "running",
  CONTAINER_EXITED: "exited",
  CONTAINER_UNKNOWN: "unknown",
};

const PROPAGATIONS = {
  private: "PROPAGATION_PRIVATE",
  hostToContainer: "PROPAGATION_HOST_TO_CONTAINER",
  bidirectional: "PROPAGATION_BIDIRECTIONAL",
} as const;

function namespaceOptions(spec: NamespaceSpec): object {
  return {
    network: NAMESPACE_MODES[spec.network],
    pid: NAMESPACE_MODES[spec.pid],
    ipc: NAMESPACE_MODES[spec.ipc],
    targetId: spec.targetId ?? "",
  };
}

function securityProfile(profile: SecurityProfileSpec): object {
  return { profileType: profile.type, localhostRef: profile.localhostRef ?? "" };
}

const LEGACY_APP_ARMOR = {
  RuntimeDefault: () => "runtime/default",
  Unconfined: () => "unconfined",
  Localhost: (name: string) => `localhost/${name}`,
};

/** In both forms: runtimes of CRI's first version only read the older one. */
function appArmor(profile: SecurityProfileSpec | undefined): object {
  if (profile === undefined) return {};
  const { type, localhostRef = "" } = profile;
  return { apparmor: securityProfile(profile), apparmorProfile: LEGACY_APP_ARMOR[type](localhostRef) };
}

function optional(name: string, value: number | undefined): object {
  return value === undefined ? {} : { [name]: { value } };
}

export function sandboxRequest(spec: SandboxSpec): object {
  return {
    metadata: { name: spec.podName, uid: spec.podUid, namespace: spec.podNamespace, attempt: spec.attempt },
    hostname: spec.hostname,
    logDirectory: spec.logDirectory,
    dnsConfig: spec.dns,
    portMappings: spec.portMappings,
    labels: spec.labels,
    annotations: spec.annotations,
    linux: {
      cgroupParent: spec.cgroupParent,
      sysctls: spec.sysctls,
      ...(spec.overhead === undefined ? {} : { overhead: resourcesRequest(spec.overhead) }),
      securityContext: {
        namespaceOptions: namespaceOptions(spec.namespaces),
        privileged: spec.isPrivileged,
        supplementalGroups: spec.supplementalGroups,
        supplementalGroupsPolicy: spec.supplementalGroupsPolicy ?? "Merge",
        seccomp: securityProfile(spec.seccomp),
        ...optional("runAsUser", spec.runAsUser),
        ...optional("runAsGroup", spec.runAsGroup),
      },
    },
  };
}

export function resourcesRequest(resources: ContainerResourcesSpec): object {
  return {
    cpuPeriod: resources.cpuPeriod,
    cpuQuota: resources.cpuQuota,
    cpuShares: resources.cpuShares,
    memoryLimitInBytes: resources.memoryLimitBytes,
    oomScoreAdj: resources.oomScoreAdj,
    hugepageLimits: (resources.hugePageLimits ?? []).map(({ pageSize, limitBytes }) => ({
      pageSize,
      limit: limitBytes,
    })),
    unified: resources.unified ?? {},
  };
}

export function containerRequest(spec: ContainerSpec): object {
  const { security, resources } = spec;
  return {
    metadata: { name: spec.name, attempt: spec.attempt },
    image: { image: spec.image },
    command: spec.command,
    args: spec.args,
    workingDir: spec.workingDir,
    envs: spec.env.map(({ name, value }) => ({ key: name, value: Buffer.from(value) })),
    mounts: spec.mounts.map((mount) => ({
      containerPath: mount.containerPath,
      hostPath: mount.hostPath,
      readonly: mount.isReadOnly,
      propagation: PROPAGATIONS[mount.propagation],
      recursiveReadOnly: mount.isRecursiveReadOnly === true,
      ...(mount.image === undefined
        ? {}
        : { image: { image: mount.image.reference }, imageSubPath: mount.image.subPath }),
    })),
    devices: spec.devices,
    labels: spec.labels,
    annotations: spec.annotations,
    logPath: spec.logPath,
    stdin: spec.hasStdin,
    stdinOnce: spec.isStdinOnce,
    tty: spec.hasTty,
    linux: {
      resources: resourcesRequest(resources),
      securityContext: {
        privileged: security.isPrivileged,
        capabilities: { addCapabilities: security.addCapabilities, dropCapabilities: security.dropCapabilities },
        namespaceOptions: namespaceOptions(security.namespaces),
        runAsUsername: security.runAsUsername ?? "",
        readonlyRootfs: security.hasReadOnlyRootFilesystem,
        supplementalGroups: security.supplementalGroups,
        supplementalGroupsPolicy: security.supplementalGroupsPolicy ?? "Merge",
        ...appArmor(security.appArmor),
        noNewPrivs: security.hasNoNewPrivileges,
        maskedPaths: security.maskedPaths,
        readonlyPaths: security.readonlyPaths,
        seccomp: securityProfile(security.seccomp),
        ...optional("runAsUser", security.runAsUser),
        ...optional("runAsGroup", security.runAsGroup),
      },
    },
  };
}

const toMs = (nanoseconds: number): number => Math.floor(nanoseconds / NANOSECONDS_PER_MS);

export function sandboxFrom(wire: WireSandbox): RuntimeSandbox {
  const isReady = wire.state === "SANDBOX_READY";
  const addresses = [wire.network?.ip ?? "", ...(wire.network?.additionalIps ?? []).map(({ ip }) => ip)];
  return {
    id: wire.id,
    podUid: wire.labels[POD_UID_LABEL] ?? wire.metadata?.uid ?? "",
    podName: wire.labels[POD_NAME_LABEL] ?? wire.metadata?.name ?? "",
    podNamespace: wire.labels[POD_NAMESPACE_LABEL] ?? wire.metadata?.namespace ?? "",
    attempt: wire.metadata?.attempt ?? 0,
    state: isReady ? "ready" : "notReady",
    createdAtMs: toMs(wire.createdAt),
    labels: wire.labels,
    ips: isReady ? addresses.filter((ip) => ip !== "") : [],
  };
}

/** `status` adds what the list leaves out; without it the times are zero. */
export function containerFrom(wire: WireContainer, status?: WireContainerStatus): RuntimeContainer {
  return {
    id: wire.id,
    sandboxId: wire.podSandboxId,
    name: wire.labels[CONTAINER_NAME_LABEL] ?? wire.metadata?.name ?? "",
    attempt: wire.metadata?.attempt ?? 0,
    state: CONTAINER_STATES[(status ?? wire).state],
    createdAtMs: toMs(wire.createdAt),
    startedAtMs: toMs(status?.startedAt ?? 0),
    finishedAtMs: toMs(status?.finishedAt ?? 0),
    exitCode: status?.exitCode ?? 0,
    reason: status?.reason ?? "",
    message: status?.message ?? "",
    image: status?.image?.image ?? wire.image?.image ?? "",
    imageRef: status?.imageRef ?? wire.imageRef,
    labels: wire.labels,
    annotations: wire.annotations,
    logPath: status?.logPath ?? "",
  };
}

export function imageFrom(wire: WireImage): RuntimeImage {
  return {
    id: wire.id,
    tags: wire.repoTags,
    digests: wire.repoDigests,
    sizeBytes: wire.size,
    uid: wire.uid?.value,
    username: wire.username,
    isPinned: wire.pinned,
  };
}

export function usageFrom(wire: WireStats): ContainerUsage {
  return {
    containerId: wire.attributes?.id ?? "",
    labels: wire.attributes?.labels ?? {},
    timestampMs: toMs(wire.cpu?.timestamp ?? 0),
    cpuNanoSeconds: wire.cpu?.usageCoreNanoSeconds?.value ?? 0,
    workingSetBytes: wire.memory?.workingSetBytes?.value ?? 0,
    usageBytes: wire.memory?.usageBytes?.value ?? 0,
    rssBytes: wire.memory?.rssBytes?.value ?? 0,
    filesystemUsedBytes: wire.writableLayer?.usedBytes?.value ?? 0,
    filesystemInodesUsed: wire.writableLayer?.inodesUsed?.value ?? 0,
  };
}
