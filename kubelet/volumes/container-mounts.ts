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
import { isRecursiveReadOnly } from "./recursive-read-only.ts";
import { bindSubPath, checkSubPath } from "./sub-path/sub-path.ts";
import type { MountedVolumes } from "./volume-plugin.ts";

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
  /** Whether the runtime can make mounts below read-only too. */
  canRecurse(): Promise<boolean>;
  /** What a pod is not told. */
  onSubPathError?(error: unknown): void;
}

/** Rejects with a config error when a mount cannot be made. */
export async function containerMounts(input: ContainerMountsInput): Promise<MountSpec[]> {
  const { pod, container, paths } = input;
  const { volumeMounts = [] } = container.spec;
  const mounts: MountSpec[] = [];
  for (const [index, mount] of volumeMounts.entries()) mounts.push(await volumeMount(input, mount, index));
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

async function volumeMount(input: ContainerMountsInput, mount: VolumeMount, index: number): Promise<MountSpec> {
  const { container, volumes } = input;
  const volume = volumes.get(mount.name);
  if (volume === undefined)
    throw configError(`cannot find volume "${mount.name}" to mount into container "${container.spec.name}"`);
  const recursive = await recursion(input, mount);
  const common = {
    ...(recursive ? { isRecursiveReadOnly: true } : {}),
    containerPath: mount.mountPath.startsWith("/") ? mount.mountPath : join("/", mount.mountPath),
    isReadOnly: volume.isReadOnly || mount.readOnly === true,
    propagation: PROPAGATION[mount.mountPropagation ?? ""] ?? "private",
  };
  const subPath = subPathOf(input, mount);
  if (volume.image !== undefined)
    return { ...common, hostPath: "", image: { reference: volume.image.reference, subPath } };
  const hostPath = subPath === "" ? volume.hostPath : await bind(input, mount, index, volume.hostPath, subPath);
  return { ...common, hostPath };
}

async function recursion({ canRecurse }: ContainerMountsInput, mount: VolumeMount): Promise<boolean> {
  if (mount.recursiveReadOnly === undefined) return false;
  try {
    return isRecursiveReadOnly(mount, await canRecurse());
  } catch (error) {
    throw configError(messageOf(error), error);
  }
}

/** Empty for the whole volume. */
function subPathOf(input: ContainerMountsInput, { subPath, subPathExpr }: VolumeMount): string {
  const path = (subPathExpr ?? "") === "" ? (subPath ?? "") : expandSubPath(subPathExpr ?? "", input);
  try {
    checkSubPath(path);
  } catch (error) {
    throw configError(messageOf(error), error);
  }
  return path;
}

function expandSubPath(expression: string, { lookup }: ContainerMountsInput): string {
  let missing: string | undefined;
  const path = expand(expression, (name) => {
    const text = lookup(name);
    if (text === undefined) missing = name;
    return text;
  });
  if (missing !== undefined) throw configError(`missing value for "${missing}"`);
  return path;
}

/** What went wrong stays in the log: it would tell the pod of the node's own files. */
async function bind(
  { pod, container, paths, onSubPathError }: ContainerMountsInput,
  mount: VolumeMount,
  index: number,
  volumePath: string,
  path: string,
): Promise<string> {
  const podDirectory = paths.pod(pod.metadata.uid ?? "");
  const part = { podDirectory, volumeName: mount.name, container: container.spec.name, index, volumePath, path };
  try {
    return await bindSubPath(part);
  } catch (error) {
    onSubPathError?.(error);
    const where = `volumeMount "${mount.name}" of container "${container.spec.name}"`;
    throw configError(`failed to prepare subPath for ${where}`, error);
  }
}
