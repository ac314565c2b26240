/**
 * The host-path CSI driver of one node, with what others run beside a driver in the same process: registration with
 * the kubelet, provisioner, deleter, resizer and attacher.
 */
import { join } from "node:path";
import type { ApiClient } from "../shared/client/api-client.ts";
import { openCsiClient } from "../shared/csi/csi-client.ts";
import { type CsiServer, serveCsi, serveRegistration } from "../shared/csi/csi-server.ts";
import { createEventRecorder } from "../shared/events/event-recorder.ts";
import { createInformer } from "../shared/informer/informer.ts";
import type { Clock } from "../shared/process/clock.ts";
import type { Logger } from "../shared/process/logger.ts";
import type { RunningComponent } from "../shared/process/run-component.ts";
import {
  persistentVolumeClaims,
  persistentVolumes,
  storageClasses,
  volumeAttachments,
} from "../shared/resources/catalog.ts";
import { controllerService } from "./services/controller.ts";
import { identityService } from "./services/identity.ts";
import { KeyLock } from "./services/key-lock.ts";
import { nodeService } from "./services/node.ts";
import { runAttacher } from "./sidecars/attacher.ts";
import { runDeleter } from "./sidecars/deleter.ts";
import { runProvisioner } from "./sidecars/provisioner.ts";
import { runResizer } from "./sidecars/resizer.ts";
import type { SidecarContext } from "./sidecars/sidecar.ts";
import { type LoopDevices, systemLoopDevices } from "./volumes/loop-devices.ts";
import { type Mounts, systemMounts } from "./volumes/mounts.ts";
import { VolumeStore } from "./volumes/volume-store.ts";

export interface HostPathDriverOptions {
  readonly driverName: string;
  readonly nodeName: string;
  /** Path of the socket of the CSI services. */
  readonly endpoint: string;
  /** The kubelet's folder of plugins to register; nobody is told when left out. */
  readonly registrationDir?: string | undefined;
  /** Where the volumes are. */
  readonly stateDir: string;
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly mounts?: Mounts | undefined;
  readonly loops?: LoopDevices | undefined;
}

/** Resolves once the services answer; what speaks to the API goes on in the background. */
export async function run(options: HostPathDriverOptions): Promise<RunningComponent> {
  const { driverName, nodeName, endpoint, registrationDir, client, clock, logger } = options;
  const { mounts = systemMounts, loops = systemLoopDevices } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const store = await VolumeStore.open(join(options.stateDir, "volumes"));
  const services = { driverName, nodeName, store, lock: new KeyLock(), loops, mounts };
  const servers: CsiServer[] = [
    await serveCsi(endpoint, {
      ...identityService(driverName),
      ...controllerService(services),
      ...nodeService(services),
    }),
  ];
  if (registrationDir !== undefined) servers.push(...(await register(options, registrationDir)));
  const driver = openCsiClient(endpoint, clock);
  const done = runSidecars({
    driverName,
    nodeName,
    client,
    driver,
    claims: createInformer({ client, clock, logger, resource: persistentVolumeClaims }),
    volumes: createInformer({ client, clock, logger, resource: persistentVolumes }),
    classes: createInformer({ client, clock, logger, resource: storageClasses }),
    attachments: createInformer({ client, clock, logger, resource: volumeAttachments }),
    clock,
    logger,
    recorderFor: (component) => createEventRecorder({ client, component, clock, logger, signal }),
    signal,
  });
  return {
    done,
    stop: async () => {
      stopping.abort();
      await done;
      driver.close();
      await Promise.all(servers.map((server) => server.close()));
      await client.close();
    },
  };
}

/** Lets the kubelet find the driver. Where it cannot, volumes are made all the same: pods wait for them and say so. */
async function register(
  { driverName, endpoint, logger }: HostPathDriverOptions,
  registrationDir: string,
): Promise<CsiServer[]> {
  const info = { type: "CSIPlugin", name: driverName, endpoint, supportedVersions: ["1.0.0"] };
  const onStatus = (status: { readonly pluginRegistered: boolean; readonly error: string }): void => {
    if (status.pluginRegistered) logger.info({}, "registered with the kubelet");
    else logger.error({ error: status.error }, "the kubelet refused the driver");
  };
  // A short name: paths of sockets are limited to 107 bytes.
  const socketPath = join(registrationDir, "hostpath-reg.sock");
  try {
    return [await serveRegistration(socketPath, info, onStatus)];
  } catch (err) {
    logger.error({ err, socketPath }, "the kubelet cannot be told of the driver");
    return [];
  }
}

async function runSidecars(context: SidecarContext): Promise<void> {
  const { claims, volumes, classes, attachments, driverName, nodeName, recorderFor, signal } = context;
  const informers = [claims, volumes, classes, attachments] as const;
  const running = informers.map((informer) => informer.run(signal));
  const work = async (): Promise<void> => {
    await Promise.all(informers.map((informer) => informer.waitForSync(signal)));
    const provisioner = recorderFor(`${driverName}_${nodeName}`);
    await Promise.all([
      runProvisioner(context, provisioner),
      runDeleter(context, provisioner),
      runResizer(context, recorderFor(`external-resizer ${driverName}`)),
      runAttacher(context),
    ]);
  };
  try {
    await Promise.all([...running, work()]);
  } catch (err) {
    if (!signal.aborted) throw err;
  }
}
