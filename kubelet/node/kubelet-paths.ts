/** Where the kubelet keeps things, all below its root directory. Upstream: `kubelet_getters.go`. */
import { join } from "node:path";

export interface KubeletPaths {
  readonly root: string;
  readonly podsRoot: string;
  readonly logsRoot: string;
  readonly seccompRoot: string;
  pod(uid: string): string;
  volumes(uid: string): string;
  volume(uid: string, plugin: string, name: string): string;
  /** Files of one container that outlive its restarts: termination messages. */
  container(uid: string, container: string): string;
  hostsFile(uid: string): string;
  podLogs(namespace: string, name: string, uid: string): string;
}

export function kubeletPaths(root: string): KubeletPaths {
  const podsRoot = join(root, "pods");
  const logsRoot = join(root, "pod-logs");
  const pod = (uid: string): string => join(podsRoot, uid);
  return {
    root,
    podsRoot,
    logsRoot,
    seccompRoot: join(root, "seccomp"),
    pod,
    volumes: (uid) => join(pod(uid), "volumes"),
    volume: (uid, plugin, name) => join(pod(uid), "volumes", `kubernetes.io~${plugin}`, name),
    container: (uid, container) => join(pod(uid), "containers", container),
    hostsFile: (uid) => join(pod(uid), "etc-hosts"),
    podLogs: (namespace, name, uid) => join(logsRoot, `${namespace}_${name}_${uid}`),
  };
}

/** Path of a container's log inside its pod's log directory. */
export function containerLogPath(container: string, attempt: number): string {
  return `${container}/${attempt}.log`;
}
