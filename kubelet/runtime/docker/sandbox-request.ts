/**
 * What the Engine is asked to make as a pod's sandbox: pure. The sandbox is a pause container that holds the network,
 * IPC and, when the containers share it, process namespaces; the kubelet's CNI plugins give it its network.
 * Upstream: dockershim's `docker_sandbox.go`.
 */
import type { SandboxSpec } from "../runtime.ts";
import { RuntimeCallError } from "../runtime-error.ts";
import { ATTEMPT_LABEL, packLabels } from "./docker-labels.ts";
import { NO_LOG } from "./log-options.ts";
import { userOf } from "./security-options.ts";

/** Of all containers, the pause program is the last that the kernel may end for memory. */
const SANDBOX_OOM_SCORE = -998;
const SANDBOX_CPU_SHARES = 2;

const NO_STRICT_GROUPS = "the Docker Engine always adds the groups that the image gives the user";

/** Another program than the Engine's own runs the containers, as the pod's RuntimeClass says. */
export function runtimeOf({ runtimeHandler = "" }: SandboxSpec): { Runtime?: string } {
  return runtimeHandler === "" ? {} : { Runtime: runtimeHandler };
}

export interface CreateRequest {
  readonly name: string;
  readonly body: object;
}

/** Names are unique: a second try of the same attempt meets the first one's leftovers. */
export function containerName(kind: string, spec: SandboxSpec, attempt: number): string {
  return ["k8s", kind, spec.podName, spec.podNamespace, spec.podUid, String(attempt)].join("_");
}

/** Throws for what the Engine cannot do. `oomScoreMin` is the least score that this machine lets a container have. */
export function sandboxRequest(spec: SandboxSpec, image: string, oomScoreMin: number): CreateRequest {
  const { namespaces } = spec;
  const isHostNetwork = namespaces.network === "node";
  refuseUnsupported(spec);
  return {
    name: containerName("POD", spec, spec.attempt),
    body: {
      Image: image,
      Labels: packLabels("podsandbox", spec.labels, spec.annotations, { [ATTEMPT_LABEL]: String(spec.attempt) }),
      ...(isHostNetwork ? {} : { Hostname: spec.hostname }),
      ...userOf(spec),
      HostConfig: {
        NetworkMode: isHostNetwork ? "host" : "none",
        ...(isHostNetwork ? { UTSMode: "host" } : { Sysctls: spec.sysctls }),
        PidMode: namespaces.pid === "node" ? "host" : "",
        IpcMode: namespaces.ipc === "node" ? "host" : "shareable",
        ...runtimeOf(spec),
        CgroupParent: spec.cgroupParent,
        CpuShares: SANDBOX_CPU_SHARES,
        OomScoreAdj: Math.max(oomScoreMin, SANDBOX_OOM_SCORE),
        GroupAdd: spec.supplementalGroups.map(String),
        ReadonlyRootfs: true,
        // The pause program needs nothing; what the pod's own profiles allow is its containers' business.
        SecurityOpt: ["no-new-privileges"],
        LogConfig: NO_LOG,
        RestartPolicy: { Name: "no" },
      },
    },
  };
}

function refuseUnsupported({ namespaces, sysctls, supplementalGroupsPolicy }: SandboxSpec): void {
  if (supplementalGroupsPolicy === "Strict") throw new RuntimeCallError("other", NO_STRICT_GROUPS);
  const ofNetwork = Object.keys(sysctls).filter((name) => name.startsWith("net."));
  if (namespaces.network === "node" && ofNetwork.length > 0) {
    throw new RuntimeCallError("other", `sysctl ${ofNetwork.join(", ")} not allowed in host net namespace`);
  }
}
