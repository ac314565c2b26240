/** What the runtime is asked to make for a pod: pure. Upstream: `kuberuntime_sandbox.go`. */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { POD_NAME_LABEL, POD_NAMESPACE_LABEL, POD_UID_LABEL, TERMINATION_GRACE_ANNOTATION } from "../runtime/labels.ts";
import type { ContainerResourcesSpec, DnsSpec, PortMappingSpec, SandboxSpec } from "../runtime/runtime.ts";
import { podFqdn, podHostname } from "./hosts-file.ts";
import { containerResources } from "./resources.ts";
import type { RunSettings } from "./run-settings.ts";
import {
  hasPrivilegedContainer,
  podGroupsPolicy,
  podNamespaces,
  podSupplementalGroups,
  type SeccompSettings,
  seccompOf,
} from "./security.ts";

export interface SandboxSpecInput {
  readonly pod: Pod;
  readonly attempt: number;
  readonly logDirectory: string;
  readonly cgroupParent: string;
  readonly dns: DnsSpec;
  readonly clusterDomain: string;
  readonly seccomp: SeccompSettings;
  readonly settings: RunSettings;
}

const DEFAULT_GRACE_SECONDS = 30;

export function podLabels(pod: Pod): Record<string, string> {
  return {
    ...pod.metadata.labels,
    [POD_NAME_LABEL]: pod.metadata.name,
    [POD_NAMESPACE_LABEL]: pod.metadata.namespace ?? "",
    [POD_UID_LABEL]: pod.metadata.uid ?? "",
  };
}

function portMappings({ spec }: Pod): PortMappingSpec[] {
  if (spec.hostNetwork === true) return [];
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  return containers.flatMap(({ ports = [] }) =>
    ports
      .filter(({ hostPort }) => hostPort !== undefined && hostPort > 0)
      .map(({ containerPort, hostPort = 0, hostIP = "", protocol }) => ({
        protocol: protocol === "UDP" || protocol === "SCTP" ? protocol : ("TCP" as const),
        containerPort,
        hostPort,
        hostIp: hostIP,
      })),
  );
}

/** `net/ipv4/ip_forward` is `net.ipv4.ip_forward`; in a name with slashes a dot is part of a device's name. */
function sysctlName(name: string): string {
  const separator = /[./]/.exec(name)?.[0];
  return separator === "/" ? name.replace(/[./]/g, (sign) => (sign === "/" ? "." : "/")) : name;
}

function overheadOf(pod: Pod, settings: RunSettings): ContainerResourcesSpec | undefined {
  const { overhead } = pod.spec;
  if (overhead === undefined) return undefined;
  return containerResources(pod, { resources: { requests: overhead, limits: overhead } }, settings);
}

/** Throws for a pod that must not run as the node's own users: it would be less apart than it believes. */
export function sandboxSpec(input: SandboxSpecInput): SandboxSpec {
  const { pod } = input;
  if (pod.spec.hostUsers === false)
    throw new Error("can't set `spec.hostUsers: false`, runtime does not support user namespaces");
  const security = pod.spec.securityContext;
  const fqdn = pod.spec.setHostnameAsFQDN === true ? podFqdn(pod, input.clusterDomain) : "";
  const ownHostname = fqdn === "" ? podHostname(pod) : fqdn;
  return {
    podName: pod.metadata.name,
    podNamespace: pod.metadata.namespace ?? "",
    podUid: pod.metadata.uid ?? "",
    attempt: input.attempt,
    // The runtime gives the host its own name.
    hostname: pod.spec.hostNetwork === true ? "" : ownHostname,
    logDirectory: input.logDirectory,
    dns: input.dns,
    portMappings: portMappings(pod),
    labels: podLabels(pod),
    annotations: {
      ...pod.metadata.annotations,
      [TERMINATION_GRACE_ANNOTATION]: String(pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS),
    },
    cgroupParent: input.cgroupParent,
    // A name may be written as a path, as sysctl(8) takes it.
    sysctls: Object.fromEntries((security?.sysctls ?? []).map(({ name, value }) => [sysctlName(name), value])),
    namespaces: podNamespaces(pod),
    isPrivileged: hasPrivilegedContainer(pod),
    runAsUser: security?.runAsUser,
    runAsGroup: security?.runAsUser === undefined ? undefined : security.runAsGroup,
    supplementalGroups: podSupplementalGroups(pod),
    supplementalGroupsPolicy: podGroupsPolicy(pod),
    seccomp: seccompOf(security?.seccompProfile, input.seccomp),
    overhead: overheadOf(pod, input.settings),
  };
}
