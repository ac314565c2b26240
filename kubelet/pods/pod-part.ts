/** The pods' side of the kubelet: `kubelet.ts` with the API behind its source, status, events and volumes. */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { createInformer } from "../../shared/informer/informer.ts";
import { services } from "../../shared/resources/catalog.ts";
import { podCgroups } from "../cgroups/node-cgroups.ts";
import { pullSecrets } from "../images/pull-secrets.ts";
import { pullLimits } from "../images/pull-queue.ts";
import { Kubelet, type KubeletParts } from "../kubelet.ts";
import type { KubeletBase } from "../kubelet-base.ts";
import { kubeletPaths } from "../node/kubelet-paths.ts";
import { readNodeFacts } from "../node/node-facts.ts";
import type { NodePart } from "../node/node-part.ts";
import type { RuntimeHealth } from "../node/runtime-health.ts";
import { filePodSource } from "../sources/file-pod-source.ts";
import { MirrorPods } from "../sources/mirror-pods.ts";
import { nodePodSource } from "../sources/node-pod-source.ts";
import { apiPodSource, type PodSource } from "../sources/pod-source.ts";
import { runtimeHandlerOf } from "../runtime/runtime-classes.ts";
import { createProbeCounter } from "../probes/probe-metrics.ts";
import { StatusManager } from "../status/status-manager.ts";
import { apiObjects } from "../volumes/api-objects.ts";
import { ServiceAccountTokens } from "../volumes/service-account-tokens.ts";
import type { VolumeHost } from "../volumes/volume-host.ts";
import type { NodeFacts } from "./kubelet-context.ts";

export interface PodPart {
  readonly kubelet: Kubelet;
  /** Runs until the kubelet stops. */
  run(): Promise<void>;
}

export function createPodPart(
  base: KubeletBase,
  { health, allocatable }: NodePart,
  storage: Pick<VolumeHost, "objects" | "csi">,
  { admission, devices }: Pick<KubeletParts, "admission" | "devices">,
): PodPart {
  const { options, clock, logger, client, signal, runtime, recorder } = base;
  const serviceInformer = createInformer({ client, resource: services, clock, logger });
  const objects = apiObjects(client);
  const tokens = new ServiceAccountTokens(client, clock);
  const status = new StatusManager(client, clock, logger, signal);
  const mirrors = new MirrorPods({ client, nodeName: options.nodeName, clock, logger, signal, status });
  const afterServices = apiPodSource(client, options.nodeName, clock, logger, () =>
    // A container without its Services' variables would keep missing them for life.
    serviceInformer.waitForSync(signal),
  );
  const files = staticPods(base);
  const kubelet = new Kubelet({
    runtime,
    clock,
    logger,
    paths: kubeletPaths(options.rootDir),
    node: nodeFacts(base, health, allocatable),
    cgroups: podCgroups(base),
    admission,
    devices,
    source: nodePodSource(afterServices, files, mirrors),
    status: mirrors,
    events: (pod, type, reason, message, field) => recorder.event(withKind(pod), type, reason, message, field),
    sources: {
      ...objects,
      token: (pod, projection) => tokens.token(pod, projection),
      forget: (podUid) => tokens.forget(podUid),
    },
    storage,
    services: () => serviceInformer.lister.list(),
    onProbeOutcome: createProbeCounter(base.probeRegistry),
    runtimeHandler: (pod) => runtimeHandlerOf(client, pod),
    pullLimits: pullLimits(options.configuration),
    pullSecrets: (pod) =>
      pullSecrets(pod, objects, (message) =>
        recorder.event(withKind(pod), "Warning", "FailedToRetrieveImagePullSecret", message),
      ),
  });
  return {
    kubelet,
    run: async () => {
      await Promise.all([serviceInformer.run(signal), kubelet.run(signal)]);
    },
  };
}

/** Undefined when no folder is configured. */
function staticPods({ options, clock, logger }: KubeletBase): PodSource | undefined {
  const { staticPodPath: path, fileCheckFrequency } = options.configuration;
  if (path === "") return undefined;
  return filePodSource({ path, nodeName: options.nodeName, periodMs: fileCheckFrequency, clock, logger });
}

function nodeFacts(
  { options, hostIps, runtimeVersion, machine }: KubeletBase,
  health: RuntimeHealth,
  allocatable: NodePart["allocatable"],
): NodeFacts {
  return readNodeFacts({
    nodeName: options.nodeName,
    hostIps,
    machine,
    allocatable,
    configuration: options.configuration,
    runtimeName: runtimeVersion.name,
    clusterDns: { servers: options.clusterDns, domain: options.clusterDomain },
    networkProblem: () => health.networkProblem,
  });
}

/** Objects of lists carry no kind; events must say what they are about. */
function withKind(pod: Pod): Pod {
  return { ...pod, apiVersion: "v1", kind: "Pod" };
}
