/** Starts a kubelet from its options: the node's part, the pods' part and the servers, on a common base. */
import { join } from "node:path";
import type { RunningComponent } from "../shared/process/run-component.ts";
import { nodeAdmission } from "./admission/node-admission.ts";
import type { PodAdmission } from "./admission/pod-admission.ts";
import { preemptPod } from "./admission/preempt-pod.ts";
import { createCertificatePart } from "./certificates/certificate-part.ts";
import { DeviceCheckpoint } from "./devices/device-checkpoint.ts";
import { DeviceManager } from "./devices/device-manager.ts";
import { devicePluginHandler, serveDeviceRegistration } from "./devices/device-registration.ts";
import { createEvictionPart } from "./eviction/eviction-part.ts";
import { NodePressure } from "./eviction/node-pressure.ts";
import { type KubeletBase, prepareKubelet } from "./kubelet-base.ts";
import { createNodePart, type NodePart } from "./node/node-part.ts";
import { NodeShutdown } from "./node/node-shutdown.ts";
import { shutdownGroups } from "./node/plan-shutdown.ts";
import type { KubeletOptions } from "./options.ts";
import { createPodPart, type PodPart } from "./pods/pod-part.ts";
import { startServers } from "./server/server-part.ts";
import { createVolumePart } from "./volumes/volume-part.ts";

/** Rejects when the runtime does not come up or an address is in use. Containers live on when it stops. */
export async function run(options: KubeletOptions): Promise<RunningComponent> {
  const stopping = new AbortController();
  const base = await prepareKubelet(options, stopping.signal);
  const pressure = new NodePressure();
  const volumePart = await createVolumePart(base);
  const devicesFolder = join(options.rootDir, "device-plugins");
  const checkpoint = new DeviceCheckpoint(join(devicesFolder, "kubelet_internal_checkpoint"), base.logger);
  const devices = new DeviceManager(checkpoint, base.clock, base.logger);
  const nodePart = createNodePart(base, {
    volumesInUse: volumePart.storage.csi.inUse,
    pressure,
    devices,
    problems: () => shutdown.problems,
  });
  const shutdown = new NodeShutdown({
    groups: shutdownGroups(options.configuration),
    clock: base.clock,
    logger: base.logger,
    workers: () => podPart.kubelet.workers,
    onBegin: () => nodePart.check(),
  });
  const admission = createAdmission(base, { nodePart, pressure, shutdown, devices, pods: () => podPart });
  const podPart = createPodPart(base, nodePart, volumePart.storage, { admission, devices });
  const registration = await serveDeviceRegistration(devicesFolder, devices);
  const server = await startServers(base, podPart.kubelet);
  await nodePart.health.check();
  shutdown.listen(stopping.signal);
  const evictionPart = createEvictionPart(base, podPart.kubelet.workers, pressure);
  const parts = [nodePart.run(), podPart.run(), volumePart.run([devicePluginHandler(devices)]), evictionPart.run()];
  parts.push(createCertificatePart(base, server).run());
  const done = Promise.all(parts).then(() => undefined);
  const { name, version } = base.runtimeVersion;
  base.logger.info({ node: options.nodeName, runtime: `${name} ${version}`, port: server.port }, "kubelet runs");
  const close = async (): Promise<void> => {
    registration.close();
    devices.close();
    await server.close();
  };
  return { done, stop: () => stop(stopping, done, base, close) };
}

interface AdmissionParts {
  readonly nodePart: NodePart;
  readonly pressure: NodePressure;
  readonly shutdown: NodeShutdown;
  readonly devices: DeviceManager;
  /** Asked for later: they are made with the admission. */
  readonly pods: () => PodPart;
}

function createAdmission(
  { options, logger, clock, machine }: KubeletBase,
  { nodePart, pressure, shutdown, devices, pods }: AdmissionParts,
): PodAdmission {
  return nodeAdmission({
    nodeName: options.nodeName,
    labels: options.nodeLabels,
    configuration: options.configuration,
    logger,
    pressure,
    hasAppArmor: machine.hasAppArmor,
    node: () => nodePart.node(),
    allocatable: () => nodePart.allocatable(),
    isShuttingDown: () => shutdown.isRunning,
    preempt: (victim) => preemptPod(pods().kubelet.workers, victim, clock),
    devices,
  });
}

async function stop(
  stopping: AbortController,
  done: Promise<void>,
  { client, runtime, recorder }: KubeletBase,
  close: () => Promise<void>,
): Promise<void> {
  stopping.abort();
  await Promise.allSettled([done, close()]);
  await recorder.flush();
  await client.close();
  runtime.close();
}
