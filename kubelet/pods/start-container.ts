/**
 * Starts one container of a pod: image, spec, create, start, postStart. Upstream: `kuberuntime_container.go`
 * startContainer. A failure becomes a hold: what the waiting state shows and when the next try may be.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { ContainerError } from "../containers/container-error.ts";
import { containerSpec } from "../containers/container-spec.ts";
import { hostsFile } from "../containers/hosts-file.ts";
import { withGrant } from "../devices/device-grant.ts";
import type { ContainerSpec, RuntimeSandbox, SandboxSpec } from "../runtime/runtime.ts";
import { detailOf, isRuntimeCancelled, messageOf } from "../runtime/runtime-error.ts";
import { containerDevices } from "../volumes/container-devices.ts";
import { containerMounts } from "../volumes/container-mounts.ts";
import { pulledImages } from "../volumes/image.ts";
import type { MountedVolumes } from "../volumes/volume-plugin.ts";
import { fieldPathOf, killContainer } from "./kill-container.ts";
import type { KubeletContext } from "./kubelet-context.ts";
import { runHook } from "./lifecycle-hooks.ts";
import { type DeclaredContainer, podText } from "./pod-containers.ts";

export interface StartRequest {
  readonly pod: Pod;
  readonly declared: DeclaredContainer;
  readonly attempt: number;
  readonly sandbox: RuntimeSandbox;
  readonly sandboxSpec: SandboxSpec;
  readonly volumes: MountedVolumes;
  /** Id of the container an ephemeral one looks into. */
  readonly targetId: string | undefined;
}

/** Rejects with `ContainerError`. */
export async function startContainer(
  context: KubeletContext,
  request: StartRequest,
  signal: AbortSignal,
): Promise<void> {
  const { pod, declared } = request;
  const tell = (type: "Normal" | "Warning", reason: string, message: string): void =>
    context.events(pod, type, reason, message, fieldPathOf(declared));
  const spec = await prepare(context, request, tell, signal);
  const containerId = await create(context, request, spec, signal);
  tell("Normal", "Created", "Container created");
  try {
    await context.runtime.startContainer(containerId);
  } catch (error) {
    if (isRuntimeCancelled(error)) throw error;
    throw failed(tell, new ContainerError("RunContainerError", detailOf(error), error));
  }
  tell("Normal", "Started", "Container started");
  await runPostStart(context, request, containerId, signal);
}

type Tell = (type: "Normal" | "Warning", reason: string, message: string) => void;

function failed(tell: Tell, error: ContainerError): ContainerError {
  tell("Warning", "Failed", `Error: ${error.message}`);
  return error;
}

async function prepare(
  context: KubeletContext,
  request: StartRequest,
  tell: Tell,
  signal: AbortSignal,
): Promise<ContainerSpec> {
  const { pod, declared, attempt, sandbox } = request;
  const { node, paths } = context;
  try {
    const { ref, image } = await context.images.ensure(pod, declared.spec, tell, signal);
    const volumes = await pulledImages(declared.spec, request.volumes, async ({ reference, pullPolicy }) => {
      const wanted = { image: reference, imagePullPolicy: pullPolicy };
      return (await context.images.ensure(pod, wanted, tell, signal)).ref;
    });
    const podIps = pod.spec.hostNetwork === true ? node.hostIps() : sandbox.ips;
    await writeHostsFile(context, pod, podIps);
    const spec = await containerSpec({
      pod,
      container: declared,
      attempt,
      imageRef: ref,
      image,
      addresses: { podIps, hostIps: node.hostIps() },
      services: context.services(),
      allocatable: node.allocatable(),
      settings: node.settings,
      objects: context.objects,
      volumePath: (name) => volumes.get(name)?.hostPath,
      seccompRoot: paths.seccompRoot,
      targetId: request.targetId,
      devices: containerDevices(declared.spec, volumes),
      mounts: (lookup) =>
        containerMounts({
          pod,
          container: declared,
          attempt,
          volumes,
          paths,
          lookup,
          canRecurse: () => context.runtime.canMountRecursiveReadOnly(),
          onSubPathError: (err) => context.logger.warn({ err, pod: podText(pod) }, "could not prepare a subPath"),
        }),
    });
    return withGrant(spec, await context.devices.prepare(pod.metadata.uid ?? "", declared.spec.name));
  } catch (error) {
    if (isRuntimeCancelled(error)) throw error;
    if (!(error instanceof ContainerError))
      throw failed(tell, new ContainerError("CreateContainerConfigError", detailOf(error), error));
    // Pull failures are told with their reason: the message was told before.
    const isPull = error.reason !== "CreateContainerConfigError";
    tell("Warning", "Failed", `Error: ${isPull ? error.reason : error.message}`);
    throw error;
  }
}

async function writeHostsFile(context: KubeletContext, pod: Pod, podIps: readonly string[]): Promise<void> {
  const file = context.paths.hostsFile(pod.metadata.uid ?? "");
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, hostsFile(pod, podIps, context.node.clusterDns.domain, context.node.hostsFile), {
    mode: 0o644,
  });
}

async function create(
  context: KubeletContext,
  request: StartRequest,
  spec: ContainerSpec,
  signal: AbortSignal,
): Promise<string> {
  const { pod, declared, sandbox, sandboxSpec } = request;
  const { metadata } = pod;
  try {
    const logs = context.paths.podLogs(metadata.namespace ?? "", metadata.name, metadata.uid ?? "");
    await mkdir(join(logs, declared.spec.name), { recursive: true });
    return await context.runtime.createContainer(sandbox.id, spec, sandboxSpec, signal);
  } catch (error) {
    if (isRuntimeCancelled(error)) throw error;
    const tell: Tell = (type, reason, message) => context.events(pod, type, reason, message, fieldPathOf(declared));
    throw failed(tell, new ContainerError("CreateContainerError", detailOf(error), error));
  }
}

async function runPostStart(
  context: KubeletContext,
  request: StartRequest,
  containerId: string,
  signal: AbortSignal,
): Promise<void> {
  const { pod, declared, sandbox } = request;
  const handler = declared.spec.lifecycle?.postStart;
  if (handler === undefined) return;
  const host = sandbox.ips[0] ?? context.node.hostIps()[0] ?? "127.0.0.1";
  try {
    await runHook(context.runtime, context.clock, handler, { containerId, container: declared.spec, host }, signal);
  } catch (error) {
    if (isRuntimeCancelled(error)) throw error;
    context.events(pod, "Warning", "FailedPostStartHook", "PostStartHook failed", fieldPathOf(declared));
    const { containers } = await context.runtime.observePod(pod.metadata.uid ?? "");
    const container = containers.find(({ id }) => id === containerId);
    if (container !== undefined) {
      const graceSeconds = pod.spec.terminationGracePeriodSeconds ?? 30;
      await killContainer(
        context,
        { pod, container, declared, message: "FailedPostStartHook", graceSeconds, host },
        signal,
      );
    }
    throw new ContainerError("PostStartHookError", messageOf(error), error);
  }
}
