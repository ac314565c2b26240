/** Security settings of pods and containers: pure. Upstream: `pkg/securitycontext`, `kuberuntime/security_context.go`. */
import type { Container, EphemeralContainer, Pod, SeccompProfile } from "../../shared/api/generated/core/v1.ts";
import { type DeclaredContainer, podText } from "../pods/pod-containers.ts";
import type { ContainerSecuritySpec, NamespaceSpec, RuntimeImage, SecurityProfileSpec } from "../runtime/runtime.ts";
import { configError } from "./container-error.ts";

const MASKED_PATHS = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];
const READONLY_PATHS = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

export function podNamespaces({ spec }: Pod): NamespaceSpec {
  return {
    network: spec.hostNetwork === true ? "node" : "pod",
    pid: spec.hostPID === true ? "node" : spec.shareProcessNamespace === true ? "pod" : "container",
    ipc: spec.hostIPC === true ? "node" : "pod",
  };
}

/** Groups every process of the pod is in beside its own. */
export function podSupplementalGroups({ spec }: Pod): number[] {
  const { supplementalGroups = [], fsGroup } = spec.securityContext ?? {};
  return [...supplementalGroups, ...(fsGroup === undefined ? [] : [fsGroup])];
}

export function seccompOf(profile: SeccompProfile | undefined, seccompRoot: string): SecurityProfileSpec {
  if (profile?.type === "RuntimeDefault") return { type: "RuntimeDefault" };
  if (profile?.type !== "Localhost") return { type: "Unconfined" };
  return { type: "Localhost", localhostRef: `${seccompRoot}/${profile.localhostProfile ?? ""}` };
}

export function isPrivileged(container: Container | EphemeralContainer): boolean {
  return container.securityContext?.privileged === true;
}

export function hasPrivilegedContainer({ spec }: Pod): boolean {
  return [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])].some(isPrivileged);
}

interface SecurityInput {
  readonly pod: Pod;
  readonly container: DeclaredContainer;
  readonly image: RuntimeImage | undefined;
  readonly seccompRoot: string;
  /** Id of the container whose processes an ephemeral container wants to see. */
  readonly targetId?: string | undefined;
}

/** Throws a config error when the container may not run as root and would. */
export function containerSecurity(input: SecurityInput): ContainerSecuritySpec {
  const { pod, container, image } = input;
  const own = container.spec.securityContext;
  const shared = pod.spec.securityContext;
  const runAsUser = own?.runAsUser ?? shared?.runAsUser;
  const privileged = isPrivileged(container.spec);
  checkNonRoot(input, own?.runAsNonRoot ?? shared?.runAsNonRoot === true, runAsUser);
  const isUnmasked = privileged || own?.procMount === "Unmasked";
  const user = runAsUser ?? image?.uid;
  return {
    isPrivileged: privileged,
    addCapabilities: own?.capabilities?.add ?? [],
    dropCapabilities: own?.capabilities?.drop ?? [],
    namespaces: namespacesOf(input),
    runAsUser: user,
    runAsUsername: user === undefined ? image?.username : undefined,
    runAsGroup: own?.runAsGroup ?? shared?.runAsGroup,
    supplementalGroups: podSupplementalGroups(pod),
    hasReadOnlyRootFilesystem: own?.readOnlyRootFilesystem === true,
    hasNoNewPrivileges: own?.allowPrivilegeEscalation === false,
    maskedPaths: isUnmasked ? [] : MASKED_PATHS,
    readonlyPaths: isUnmasked ? [] : READONLY_PATHS,
    seccomp: privileged
      ? { type: "Unconfined" }
      : seccompOf(own?.seccompProfile ?? shared?.seccompProfile, input.seccompRoot),
  };
}

function namespacesOf({ pod, targetId }: SecurityInput): NamespaceSpec {
  const namespaces = podNamespaces(pod);
  return targetId === undefined ? namespaces : { ...namespaces, pid: "target", targetId };
}

function checkNonRoot(
  { pod, container, image }: SecurityInput,
  isRequired: boolean,
  runAsUser: number | undefined,
): void {
  if (!isRequired) return;
  const where = `(pod: "${podText(pod)}", container: ${container.spec.name})`;
  if (runAsUser !== undefined) {
    if (runAsUser === 0) throw configError(`container's runAsUser breaks non-root policy ${where}`);
    return;
  }
  if (image?.username !== undefined && image.username !== "") {
    throw configError(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
    );
  }
  if ((image?.uid ?? 0) === 0) throw configError(`container has runAsNonRoot and image will run as root ${where}`);
}
