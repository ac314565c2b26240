/** All controllers of the process: who reads and writes what stands in docs/generated/controllers.md. */
import { bootstrapSigner } from "./controllers/bootstrap-signer/loop.ts";
import { certificateApproving } from "./controllers/certificate-approving/loop.ts";
import { certificateCleaner } from "./controllers/certificate-cleaner/loop.ts";
import { certificateSigning } from "./controllers/certificate-signing/loop.ts";
import { clusterRoleAggregation } from "./controllers/cluster-role-aggregation/controller.ts";
import { deploymentController } from "./controllers/deployment/controller.ts";
import { ephemeralVolumes } from "./controllers/ephemeral-volume/controller.ts";
import { endpointsController } from "./controllers/endpoint/controller.ts";
import { endpointSliceController } from "./controllers/endpointslice/controller.ts";
import { garbageCollector } from "./controllers/garbage-collector/loop.ts";
import { namespaceController } from "./controllers/namespace/loop.ts";
import { nodeIpam } from "./controllers/node-ipam/loop.ts";
import { nodeLifecycle } from "./controllers/node-lifecycle/loop.ts";
import { persistentVolumeAttachDetach } from "./controllers/persistentvolume-attach-detach/controller.ts";
import { persistentVolumeBinder } from "./controllers/persistentvolume-binder/controller.ts";
import { persistentVolumeExpander } from "./controllers/persistentvolume-expander/controller.ts";
import { persistentVolumeProtection } from "./controllers/persistentvolume-protection/controller.ts";
import { persistentVolumeClaimProtection } from "./controllers/persistentvolumeclaim-protection/controller.ts";
import { podGarbageCollector } from "./controllers/pod-garbage-collector/loop.ts";
import { replicaSetController } from "./controllers/replicaset/controller.ts";
import { rootCaPublisher } from "./controllers/root-ca-publisher/controller.ts";
import { serviceAccountController } from "./controllers/serviceaccount/controller.ts";
import { serviceAccountTokens } from "./controllers/serviceaccount-token/loop.ts";
import { taintEviction } from "./controllers/taint-eviction/controller.ts";
import { tokenCleaner } from "./controllers/token-cleaner/loop.ts";
import { ttl } from "./controllers/ttl/controller.ts";
import { volumeAttributesClassProtection } from "./controllers/volumeattributesclass-protection/controller.ts";
import type { RunnableController } from "./runtime/services.ts";
import type { Settings } from "./settings.ts";

export const controllers = (settings: Settings): readonly RunnableController[] => [
  deploymentController,
  replicaSetController,
  endpointSliceController,
  endpointsController,
  namespaceController,
  garbageCollector,
  serviceAccountController,
  ...(settings.tokens === undefined ? [] : [serviceAccountTokens(settings.tokens)]),
  clusterRoleAggregation,
  certificateApproving,
  ...(settings.signing === undefined ? [] : [certificateSigning(settings.signing)]),
  certificateCleaner,
  tokenCleaner,
  bootstrapSigner,
  ...(settings.rootCa === undefined ? [] : [rootCaPublisher(settings.rootCa)]),
  nodeLifecycle(settings.nodeLifecycle),
  taintEviction(),
  ...(settings.nodeCidrs === undefined ? [] : [nodeIpam(settings.nodeCidrs.clusterCidr, settings.nodeCidrs.maskSize)]),
  persistentVolumeBinder,
  persistentVolumeProtection,
  persistentVolumeClaimProtection,
  persistentVolumeAttachDetach(),
  persistentVolumeExpander,
  ephemeralVolumes,
  volumeAttributesClassProtection,
  ttl,
  podGarbageCollector(settings.terminatedPodThreshold),
];
