/** Mounts of one container: its volumes, the hosts file and the termination log. Upstream: `kubelet_pods.go` makeMounts. */
import { chmod, mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Pod, VolumeMount } from "../../shared/api/generated/core/v1.ts";
import { configError } from "../containers/container-error.ts";
import { DEFAULT_TERMINATION_PATH } from "../containers/container-spec.ts";
import { expand } from "../containers/expand.ts";
import { terminationLogFile } from "../containers/termination-message.ts";
import type { KubeletPaths } from "../node/kubelet-paths.ts";
import type { DeclaredContainer } from "../pods/pod-containers.ts";
import type { MountSpec } from "../runtime/runtime.ts";
import { messageOf } from "../runtime/runtime-error.ts";
import { resolveSubPath } from "./sub-path.ts";
import type { MountedVolumes } from "./volume-manager.ts";

const HOSTS_PATH = "/etc/hosts";

const PROPAGATION: Readonly<Record<string, MountSpec["propagation"]>> = {
  HostToContainer: "hostToContainer",
  Bidirectional: "bidirectional",
};

export interface ContainerMountsInput {
  readonly pod: Pod;
  readonly container: DeclaredContainer;
  readonly attempt: number;
  readonly volumes: MountedVolumes;
  readonly paths: KubeletPaths;
  lookup(name: string): string | undefined;
}

/** Rejects with a config error when a mount cannot be made. */
export async function containerMounts(input: ContainerMountsInput): Promise<MountSpec[]> {
  const { pod, container, paths } = input;
  const { volumeMounts = [] } = container.spec;
  const mounts: MountSpec[] = [];
  for (const mount of volumeMounts) mounts.push(await volumeMount(input, mount));
  if (!volumeMounts.some(({ mountPath }) => mountPath === HOSTS_PATH)) {
    mounts.push(writableFile(HOSTS_PATH, paths.hostsFile(pod.metadata.uid ?? "")));
  }
  mounts.push(await terminationMount(input));
  return mounts;
}

function writableFile(containerPath: string, hostPath: string): MountSpec {
  return { containerPath, hostPath, isReadOnly: false, propagation: "private" };
}

async function terminationMount({ pod, container, attempt, paths }: ContainerMountsInput): Promise<MountSpec> {
  const file = terminationLogFile(paths, pod.metadata.uid ?? "", container.spec.name, attempt);
  await mkdir(dirname(file), { recursive: true });
  await (await open(file, "a", 0o666)).close();
  // Containers of any user write their last words: past our umask.
  await chmod(file, 0o666);
  return writableFile(container.spec.terminationMessagePath ?? DEFAULT_TERMINATION_PATH, file);
}

async function volumeMount(input: ContainerMountsInput, mount: VolumeMount): Promise<MountSpec> {
  const { container, volumes } = input;
  const volume = volumes.get(mount.name);
  if (volume === undefined)
    throw configError(`cannot find volume "${mount.name}" to mount into container "${container.spec.name}"`);
  const subPath = mount.subPathExpr === undefined ? (mount.subPath ?? "") : expandSubPath(mount.subPathExpr, input);
  return {
    containerPath: mount.mountPath.startsWith("/") ? mount.mountPath : join("/", mount.mountPath),
    hostPath: subPath === "" ? volume.hostPath : await subPathOf(input, mount, volume.hostPath, subPath),
    isReadOnly: volume.isReadOnly || mount.readOnly === true,
    propagation: PROPAGATION[mount.mountPropagation ?? ""] ?? "private",
  };
}

function expandSubPath(expression: string, { lookup }: ContainerMountsInput): string {
  let missing: string | undefined;
  const path = expand(expression, (name) => {
    const text = lookup(name);
    if (text === undefined) missing = name;
    return text;
  });
  if (missing !== undefined) throw configError(`failed to expand subPath: missing value for "${missing}"`);
  return path;
}

async function subPathOf(
  { container }: ContainerMountsInput,
  mount: VolumeMount,
  root: string,
  subPath: string,
): Promise<string> {
  try {
    return await resolveSubPath(root, subPath);
  } catch (error) {
    throw configError(
      `failed to prepare subPath for volumeMount "${mount.name}" of container "${container.spec.name}": ${messageOf(error)}`,
      error,
    );
  }
}
