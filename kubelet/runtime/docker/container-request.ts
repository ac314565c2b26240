/**
 * What the Engine is asked to make for a container: pure, but for the profile that `readProfile` reads. The container
 * joins the sandbox's namespaces. Upstream: dockershim's `docker_container.go`, `security_context.go`.
 */
import type { ContainerResourcesSpec, ContainerSpec, MountSpec, SandboxSpec } from "../runtime.ts";
import { RuntimeCallError } from "../runtime-error.ts";
import { ATTEMPT_LABEL, LOG_PATH_LABEL, packLabels, SANDBOX_ID_LABEL } from "./docker-labels.ts";
import { jsonFileLog, type LogLimits } from "./log-options.ts";
import { type CreateRequest, containerName, runtimeOf } from "./sandbox-request.ts";
import { type ReadProfile, securityOptions, userOf } from "./security-options.ts";

export interface ContainerRequestInput {
  readonly sandboxId: string;
  readonly spec: ContainerSpec;
  readonly sandbox: SandboxSpec;
  readonly logs: LogLimits;
  /** Least score that this machine lets a container have. */
  readonly oomScoreMin: number;
  readonly readProfile: ReadProfile;
}

export const logPathOf = (spec: ContainerSpec, sandbox: SandboxSpec): string =>
  `${sandbox.logDirectory.replace(/\/+$/, "")}/${spec.logPath}`;

export function containerRequest(input: ContainerRequestInput): CreateRequest {
  const { sandboxId, spec, sandbox } = input;
  const own = {
    [SANDBOX_ID_LABEL]: sandboxId,
    [LOG_PATH_LABEL]: logPathOf(spec, sandbox),
    [ATTEMPT_LABEL]: String(spec.attempt),
  };
  return {
    name: containerName(spec.name, sandbox, spec.attempt),
    body: {
      Image: spec.image,
      Labels: packLabels("container", spec.labels, spec.annotations, own),
      // The command replaces the image's entrypoint; then the image's own arguments do not count either.
      ...(spec.command.length > 0 ? { Entrypoint: spec.command } : {}),
      ...(spec.args.length > 0 ? { Cmd: spec.args } : {}),
      ...(spec.workingDir === "" ? {} : { WorkingDir: spec.workingDir }),
      Env: spec.env.map(({ name, value }) => `${name}=${value}`),
      OpenStdin: spec.hasStdin,
      StdinOnce: spec.isStdinOnce,
      Tty: spec.hasTty,
      // Probes are the kubelet's business.
      Healthcheck: { Test: ["NONE"] },
      ...userOf(spec.security),
      HostConfig: hostConfig(input),
    },
  };
}

function hostConfig(input: ContainerRequestInput): object {
  const { sandboxId, spec, sandbox } = input;
  const { security } = spec;
  return {
    ...namespaceModes(sandboxId, spec),
    ...runtimeOf(sandbox),
    CgroupParent: sandbox.cgroupParent,
    ...resourcesBody(spec.resources),
    OomScoreAdj: Math.max(input.oomScoreMin, spec.resources.oomScoreAdj),
    Mounts: spec.mounts.map(mountOf),
    Devices: spec.devices.map(({ hostPath, containerPath, permissions }) => ({
      PathOnHost: hostPath,
      PathInContainer: containerPath,
      CgroupPermissions: permissions,
    })),
    Privileged: security.isPrivileged,
    CapAdd: security.addCapabilities,
    CapDrop: security.dropCapabilities,
    GroupAdd: security.supplementalGroups.map(String),
    ReadonlyRootfs: security.hasReadOnlyRootFilesystem,
    ...(security.isPrivileged ? {} : { MaskedPaths: security.maskedPaths, ReadonlyPaths: security.readonlyPaths }),
    SecurityOpt: securityOptions(security, input.readProfile),
    LogConfig: jsonFileLog(input.logs),
    RestartPolicy: { Name: "no" },
  };
}

function namespaceModes(sandboxId: string, { security }: ContainerSpec): object {
  const { network, pid, ipc, targetId } = security.namespaces;
  const shared = `container:${sandboxId}`;
  const pidModes = { pod: shared, container: "", node: "host", target: `container:${targetId ?? ""}` };
  return {
    // Also in the host's network: the files for name resolution are the sandbox's.
    NetworkMode: shared,
    ...(network === "node" ? { UTSMode: "host" } : {}),
    PidMode: pidModes[pid],
    IpcMode: ipc === "node" ? "host" : shared,
  };
}

function resourcesBody(resources: ContainerResourcesSpec): object {
  return {
    CpuPeriod: resources.cpuPeriod,
    CpuQuota: resources.cpuQuota,
    CpuShares: resources.cpuShares,
    Memory: resources.memoryLimitBytes,
    // The same as the memory: no swap.
    MemorySwap: resources.memoryLimitBytes,
  };
}

/** For a running container: the Engine takes 0 for "as it was". */
export function updateRequest(resources: ContainerResourcesSpec): object {
  return { ...resourcesBody(resources), CpuQuota: resources.cpuQuota === 0 ? -1 : resources.cpuQuota };
}

const PROPAGATIONS = { private: "rprivate", hostToContainer: "rslave", bidirectional: "rshared" } as const;

function mountOf(mount: MountSpec): object {
  if (mount.image !== undefined) {
    throw new RuntimeCallError("other", `the Docker Engine cannot mount an image at ${mount.containerPath}`);
  }
  if (mount.isRecursiveReadOnly === true) {
    throw new RuntimeCallError("other", `the Docker Engine cannot make mounts below ${mount.containerPath} read-only`);
  }
  return {
    Type: "bind",
    Source: mount.hostPath,
    Target: mount.containerPath,
    ReadOnly: mount.isReadOnly,
    BindOptions: { Propagation: PROPAGATIONS[mount.propagation] },
  };
}
