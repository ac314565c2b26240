/** Security settings of pods and containers: pure. Upstream: `pkg/securitycontext`, `kuberuntime/security_context.go`. */
import type { Container, EphemeralContainer, Pod, SeccompProfile } from "../../shared/api/generated/core/v1.ts";
import { type DeclaredContainer, podText } from "../pods/pod-containers.ts";
import type {
  ContainerSecuritySpec,
  NamespaceSpec,
  RuntimeImage,
  SecurityProfileSpec,
  SupplementalGroupsPolicy,
} from "../runtime/runtime.ts";
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

export function podGroupsPolicy({ spec }: Pod): SupplementalGroupsPolicy {
  return spec.securityContext?.supplementalGroupsPolicy === "Strict" ? "Strict" : "Merge";
}

/** Where profiles are, and what counts for who says nothing. */
export interface SeccompSettings {
  readonly root: string;
  readonly isDefault: boolean;
}

/** Throws a config error for a local profile that is not below the root. */
export function seccompOf(profile: SeccompProfile | undefined, settings: SeccompSettings): SecurityProfileSpec {
  if (profile === undefined) return { type: settings.isDefault ? "RuntimeDefault" : "Unconfined" };
  if (profile.type === "RuntimeDefault") return { type: "RuntimeDefault" };
  if (profile.type !== "Localhost") return { type: "Unconfined" };
  const { localhostProfile = "" } = profile;
  if (localhostProfile === "") throw configError("localhostProfile must be set if seccompProfile type is Localhost.");
  // The API refuses these; static pods come from files.
  if (localhostProfile.startsWith("/") || localhostProfile.split("/").includes(".."))
    throw configError(`seccomp profile ${JSON.stringify(localhostProfile)} is not below the profile root`);
  return { type: "Localhost", localhostRef: `${settings.root}/${localhostProfile}` };
}

const APP_ARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/";

/** Undefined: the runtime decides. */
export function appArmorOf(pod: Pod, container: Container | EphemeralContainer): SecurityProfileSpec | undefined {
  const profile = container.securityContext?.appArmorProfile ?? pod.spec.securityContext?.appArmorProfile;
  if (profile !== undefined) return appArmorProfile(profile.type, profile.localhostProfile);
  const old = pod.metadata.annotations?.[`${APP_ARMOR_ANNOTATION}${container.name}`];
  if (old === undefined || old === "") return undefined;
  if (old === "runtime/default") return { type: "RuntimeDefault" };
  if (old === "unconfined") return { type: "Unconfined" };
  return appArmorProfile("Localhost", old.replace(/^localhost\//, ""));
}

function appArmorProfile(type: string, name: string | undefined): SecurityProfileSpec {
  if (type === "RuntimeDefault" || type === "Unconfined") return { type };
  return { type: "Localhost", localhostRef: name ?? "" };
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
  readonly seccomp: SeccompSettings;
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
    supplementalGroupsPolicy: podGroupsPolicy(pod),
    appArmor: appArmorOf(pod, container.spec),
    hasReadOnlyRootFilesystem: own?.readOnlyRootFilesystem === true,
    hasNoNewPrivileges: own?.allowPrivilegeEscalation === false,
    maskedPaths: isUnmasked ? [] : MASKED_PATHS,
    readonlyPaths: isUnmasked ? [] : READONLY_PATHS,
    seccomp: privileged
      ? { type: "Unconfined" }
      : seccompOf(own?.seccompProfile ?? shared?.seccompProfile, input.seccomp),
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
