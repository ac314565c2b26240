/** Kernel parameters that pods may set: pure. Upstream: `pkg/kubelet/sysctl`. */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { Rejection } from "./admit-handler.ts";

/** Set inside a namespace, and without influence on other pods. */
const SAFE_SYSCTLS = [
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.ping_group_range",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
  "net.ipv4.tcp_rmem",
  "net.ipv4.tcp_wmem",
] as const;

const IPC_NAMES = new Set(["kernel.sem"]);
const IPC_PREFIXES = ["kernel.shm", "kernel.msg", "fs.mqueue."];

type SysctlNamespace = "IPC" | "Net";

/** Undefined: the kernel has it once for the whole machine. */
function namespaceOf(name: string): SysctlNamespace | undefined {
  if (IPC_NAMES.has(name) || IPC_PREFIXES.some((prefix) => name.startsWith(prefix))) return "IPC";
  return name.startsWith("net.") ? "Net" : undefined;
}

/** `kernel/shm_rmid_forced` is `kernel.shm_rmid_forced`; with a slash first, dots are part of names. */
export function withDots(name: string): string {
  const separator = /[./]/.exec(name)?.[0];
  if (separator !== "/") return name;
  return name.replaceAll(/[./]/g, (sign) => (sign === "/" ? "." : "/"));
}

/** Throws for names that the kernel does not keep per namespace. `more` are those that the node's owner allows. */
export function sysctlAdmission(more: readonly string[]): (pod: Pod) => Rejection | undefined {
  const allowed = [...SAFE_SYSCTLS, ...more].map((pattern) => {
    const name = withDots(pattern);
    const isPrefix = name.endsWith("*");
    const text = isPrefix ? name.slice(0, -1) : name;
    const namespace = namespaceOf(text);
    if (namespace === undefined) throw new Error(`the sysctl "${name}" are not known to be namespaced`);
    return { text, isPrefix, namespace };
  });
  const problem = (pod: Pod, given: string): string | undefined => {
    const name = withDots(given);
    const found = allowed.find(({ text, isPrefix }) => (isPrefix ? name.startsWith(text) : name === text));
    if (found === undefined) return `"${name}" not allowlisted`;
    const isShared = found.namespace === "IPC" ? pod.spec.hostIPC : pod.spec.hostNetwork;
    return isShared === true ? `"${name}" not allowed with host ${found.namespace.toLowerCase()} enabled` : undefined;
  };
  return (pod) => {
    for (const { name } of pod.spec.securityContext?.sysctls ?? []) {
      const found = problem(pod, name);
      if (found !== undefined) return { reason: "SysctlForbidden", message: `forbidden sysctl: ${found}` };
    }
    return undefined;
  };
}
