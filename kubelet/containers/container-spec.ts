/** What the runtime is asked to run for one container. Upstream: `kuberuntime_container.go` generateContainerConfig. */
import type { Pod, Service } from "../../shared/api/generated/core/v1.ts";
import { containerHash } from "../pods/container-hash.ts";
import type { DeclaredContainer } from "../pods/pod-containers.ts";
import {
  CONTAINER_HASH_ANNOTATION,
  CONTAINER_NAME_LABEL,
  POD_NAME_LABEL,
  POD_NAMESPACE_LABEL,
  POD_UID_LABEL,
  RESTART_COUNT_ANNOTATION,
  TERMINATION_GRACE_ANNOTATION,
  TERMINATION_MESSAGE_PATH_ANNOTATION,
  TERMINATION_MESSAGE_POLICY_ANNOTATION,
} from "../runtime/labels.ts";
import type { ContainerSpec, DeviceSpec, MountSpec, RuntimeImage } from "../runtime/runtime.ts";
import { containerLogPath } from "../node/kubelet-paths.ts";
import { containerEnvironment, type ReferencedObjects } from "./environment.ts";
import { expand } from "./expand.ts";
import type { PodAddresses } from "./field-ref.ts";
import { containerResources } from "./resources.ts";
import type { RunSettings } from "./run-settings.ts";
import { containerSecurity } from "./security.ts";

export interface ContainerSpecInput {
  readonly pod: Pod;
  readonly container: DeclaredContainer;
  readonly attempt: number;
  /** Reference the runtime resolved the image to. */
  readonly imageRef: string;
  readonly image: RuntimeImage | undefined;
  readonly addresses: PodAddresses;
  readonly services: readonly Service[];
  readonly allocatable: Readonly<Record<string, string>>;
  readonly settings: RunSettings;
  readonly objects: ReferencedObjects;
  /** Folder of one of the pod's volumes on this machine. */
  volumePath(volume: string): string | undefined;
  readonly seccompRoot: string;
  readonly targetId?: string | undefined;
  readonly devices: readonly DeviceSpec[];
  /** Volumes, hosts file and termination log; called with the environment, for `subPathExpr`. */
  mounts(lookup: (name: string) => string | undefined): Promise<readonly MountSpec[]>;
}

export const DEFAULT_TERMINATION_PATH = "/dev/termination-log";

/** Rejects with `ContainerError` when the spec cannot be carried out. */
export async function containerSpec(input: ContainerSpecInput): Promise<ContainerSpec> {
  const { pod, container, attempt } = input;
  const { spec } = container;
  const security = containerSecurity({
    pod,
    container,
    image: input.image,
    seccomp: { root: input.seccompRoot, isDefault: input.settings.isSeccompDefault },
    targetId: input.targetId,
  });
  const environment = await containerEnvironment({ ...input, container: spec });
  const lookup = (name: string): string | undefined => environment.lookup(name);
  return {
    name: spec.name,
    attempt,
    image: input.imageRef,
    command: (spec.command ?? []).map((word) => expand(word, lookup)),
    args: (spec.args ?? []).map((word) => expand(word, lookup)),
    workingDir: spec.workingDir ?? "",
    env: environment.variables,
    mounts: await input.mounts(lookup),
    devices: input.devices,
    labels: {
      [CONTAINER_NAME_LABEL]: spec.name,
      [POD_NAME_LABEL]: pod.metadata.name,
      [POD_NAMESPACE_LABEL]: pod.metadata.namespace ?? "",
      [POD_UID_LABEL]: pod.metadata.uid ?? "",
    },
    annotations: {
      [CONTAINER_HASH_ANNOTATION]: containerHash(spec),
      [RESTART_COUNT_ANNOTATION]: String(attempt),
      [TERMINATION_MESSAGE_PATH_ANNOTATION]: spec.terminationMessagePath ?? DEFAULT_TERMINATION_PATH,
      [TERMINATION_MESSAGE_POLICY_ANNOTATION]: spec.terminationMessagePolicy ?? "File",
      [TERMINATION_GRACE_ANNOTATION]: String(pod.spec.terminationGracePeriodSeconds ?? 30),
    },
    logPath: containerLogPath(spec.name, attempt),
    hasStdin: spec.stdin === true,
    isStdinOnce: spec.stdinOnce === true,
    hasTty: spec.tty === true,
    resources: containerResources(pod, spec, input.settings),
    security,
  };
}
