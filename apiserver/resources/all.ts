/** Every resource that is served, in the order of the API reference (D7). Nothing else switches a resource on. */
import type { AnyStrategy } from "../registry/strategy.ts";
import { mutatingAdmissionPolicyBindingStrategy } from "./admissionregistration/mutating-admission-policy-binding.ts";
import { mutatingAdmissionPolicyStrategy } from "./admissionregistration/mutating-admission-policy.ts";
import { mutatingWebhookConfigurationStrategy } from "./admissionregistration/mutating-webhook-configuration.ts";
import { validatingAdmissionPolicyBindingStrategy } from "./admissionregistration/validating-admission-policy-binding.ts";
import { validatingAdmissionPolicyStrategy } from "./admissionregistration/validating-admission-policy.ts";
import { validatingWebhookConfigurationStrategy } from "./admissionregistration/validating-webhook-configuration.ts";
import { customResourceDefinitionStrategy } from "./apiextensions/custom-resource-definition.ts";
import { apiServiceStrategy } from "./apiregistration/api-service.ts";
import { controllerRevisionStrategy } from "./apps/controller-revision.ts";
import { daemonSetStrategy } from "./apps/daemon-set.ts";
import { deploymentStrategy } from "./apps/deployment.ts";
import { replicaSetStrategy } from "./apps/replica-set.ts";
import { statefulSetStrategy } from "./apps/stateful-set.ts";
import { selfSubjectReviewStrategy } from "./authentication/self-subject-review.ts";
import { tokenReviewStrategy } from "./authentication/token-review.ts";
import { localSubjectAccessReviewStrategy } from "./authorization/local-subject-access-review.ts";
import { selfSubjectAccessReviewStrategy } from "./authorization/self-subject-access-review.ts";
import { selfSubjectRulesReviewStrategy } from "./authorization/self-subject-rules-review.ts";
import { subjectAccessReviewStrategy } from "./authorization/subject-access-review.ts";
import { horizontalPodAutoscalerV1Strategy } from "./autoscaling/horizontal-pod-autoscaler-v1.ts";
import { horizontalPodAutoscalerStrategy } from "./autoscaling/horizontal-pod-autoscaler.ts";
import { cronJobStrategy } from "./batch/cron-job.ts";
import { jobStrategy } from "./batch/job.ts";
import { certificateSigningRequestStrategy } from "./certificates/certificate-signing-request.ts";
import { leaseStrategy } from "./coordination/lease.ts";
import { bindingStrategy } from "./core/binding.ts";
import { componentStatusStrategy } from "./core/component-status.ts";
import { configMapStrategy } from "./core/config-map.ts";
import { endpointsStrategy } from "./core/endpoints.ts";
import { eventStrategy } from "./core/event.ts";
import { limitRangeStrategy } from "./core/limit-range.ts";
import { namespaceStrategy } from "./core/namespace.ts";
import { nodeStrategy } from "./core/node.ts";
import { persistentVolumeClaimStrategy } from "./core/persistent-volume-claim.ts";
import { persistentVolumeStrategy } from "./core/persistent-volume.ts";
import { podTemplateStrategy } from "./core/pod-template.ts";
import { podStrategy } from "./core/pod.ts";
import { replicationControllerStrategy } from "./core/replication-controller.ts";
import { resourceQuotaStrategy } from "./core/resource-quota.ts";
import { secretStrategy } from "./core/secret.ts";
import { serviceAccountStrategy } from "./core/service-account.ts";
import { serviceStrategy } from "./core/service.ts";
import { endpointSliceStrategy } from "./discovery/endpoint-slice.ts";
import { eventsV1EventStrategy } from "./events/event.ts";
import { flowSchemaStrategy } from "./flowcontrol/flow-schema.ts";
import { priorityLevelConfigurationStrategy } from "./flowcontrol/priority-level-configuration.ts";
import { ingressClassStrategy } from "./networking/ingress-class.ts";
import { ingressStrategy } from "./networking/ingress.ts";
import { ipAddressStrategy } from "./networking/ip-address.ts";
import { networkPolicyStrategy } from "./networking/network-policy.ts";
import { serviceCidrStrategy } from "./networking/service-cidr.ts";
import { runtimeClassStrategy } from "./node/runtime-class.ts";
import { podDisruptionBudgetStrategy } from "./policy/pod-disruption-budget.ts";
import { clusterRoleBindingStrategy } from "./rbac/cluster-role-binding.ts";
import { clusterRoleStrategy } from "./rbac/cluster-role.ts";
import { roleBindingStrategy } from "./rbac/role-binding.ts";
import { roleStrategy } from "./rbac/role.ts";
import { deviceClassStrategy } from "./resource/device-class.ts";
import { resourceClaimTemplateStrategy } from "./resource/resource-claim-template.ts";
import { resourceClaimStrategy } from "./resource/resource-claim.ts";
import { resourceSliceStrategy } from "./resource/resource-slice.ts";
import { priorityClassStrategy } from "./scheduling/priority-class.ts";
import { csiDriverStrategy } from "./storage/csi-driver.ts";
import { csiNodeStrategy } from "./storage/csi-node.ts";
import { csiStorageCapacityStrategy } from "./storage/csi-storage-capacity.ts";
import { storageClassStrategy } from "./storage/storage-class.ts";
import { volumeAttachmentStrategy } from "./storage/volume-attachment.ts";
import { volumeAttributesClassStrategy } from "./storage/volume-attributes-class.ts";

export const builtInStrategies: readonly AnyStrategy[] = [
  // core
  componentStatusStrategy,
  configMapStrategy,
  endpointsStrategy,
  eventStrategy,
  limitRangeStrategy,
  namespaceStrategy,
  bindingStrategy,
  persistentVolumeClaimStrategy,
  podStrategy,
  podTemplateStrategy,
  replicationControllerStrategy,
  resourceQuotaStrategy,
  secretStrategy,
  serviceAccountStrategy,
  serviceStrategy,
  nodeStrategy,
  persistentVolumeStrategy,
  // admissionregistration.k8s.io
  mutatingAdmissionPolicyStrategy,
  mutatingAdmissionPolicyBindingStrategy,
  mutatingWebhookConfigurationStrategy,
  validatingAdmissionPolicyStrategy,
  validatingAdmissionPolicyBindingStrategy,
  validatingWebhookConfigurationStrategy,
  // apiextensions.k8s.io
  customResourceDefinitionStrategy,
  // apiregistration.k8s.io
  apiServiceStrategy,
  // apps
  controllerRevisionStrategy,
  daemonSetStrategy,
  deploymentStrategy,
  replicaSetStrategy,
  statefulSetStrategy,
  // authentication.k8s.io
  selfSubjectReviewStrategy,
  tokenReviewStrategy,
  // authorization.k8s.io
  localSubjectAccessReviewStrategy,
  selfSubjectAccessReviewStrategy,
  selfSubjectRulesReviewStrategy,
  subjectAccessReviewStrategy,
  // autoscaling
  horizontalPodAutoscalerV1Strategy,
  horizontalPodAutoscalerStrategy,
  // batch
  cronJobStrategy,
  jobStrategy,
  // certificates.k8s.io
  certificateSigningRequestStrategy,
  // coordination.k8s.io
  leaseStrategy,
  // discovery.k8s.io
  endpointSliceStrategy,
  // events.k8s.io
  eventsV1EventStrategy,
  // flowcontrol.apiserver.k8s.io
  flowSchemaStrategy,
  priorityLevelConfigurationStrategy,
  // networking.k8s.io
  ingressClassStrategy,
  ingressStrategy,
  ipAddressStrategy,
  networkPolicyStrategy,
  serviceCidrStrategy,
  // node.k8s.io
  runtimeClassStrategy,
  // policy
  podDisruptionBudgetStrategy,
  // rbac.authorization.k8s.io
  clusterRoleBindingStrategy,
  clusterRoleStrategy,
  roleBindingStrategy,
  roleStrategy,
  // resource.k8s.io
  deviceClassStrategy,
  resourceClaimStrategy,
  resourceClaimTemplateStrategy,
  resourceSliceStrategy,
  // scheduling.k8s.io
  priorityClassStrategy,
  // storage.k8s.io
  csiDriverStrategy,
  csiNodeStrategy,
  csiStorageCapacityStrategy,
  storageClassStrategy,
  volumeAttachmentStrategy,
  volumeAttributesClassStrategy,
];
