/**
 * The table of all built-in resources of Kubernetes 1.36, a row each, in the order of the API reference.
 * A row is the identity only: how a kind is defaulted, validated and printed is `apiserver/resources/<group>/`.
 */
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, MutatingWebhookConfiguration, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, ValidatingWebhookConfiguration } from "../api/generated/admissionregistration/v1.ts";
import type { CustomResourceDefinition } from "../api/generated/apiextensions/v1.ts";
import type { APIService } from "../api/generated/apiregistration/v1.ts";
import type { ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet } from "../api/generated/apps/v1.ts";
import type { SelfSubjectReview, TokenReview } from "../api/generated/authentication/v1.ts";
import type { LocalSubjectAccessReview, SelfSubjectAccessReview, SelfSubjectRulesReview, SubjectAccessReview } from "../api/generated/authorization/v1.ts";
import type { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from "../api/generated/autoscaling/v1.ts";
import type { HorizontalPodAutoscaler } from "../api/generated/autoscaling/v2.ts";
import type { CronJob, Job } from "../api/generated/batch/v1.ts";
import type { CertificateSigningRequest } from "../api/generated/certificates/v1.ts";
import type { Lease } from "../api/generated/coordination/v1.ts";
import type { Binding, ComponentStatus, ConfigMap, Endpoints, Event, LimitRange, Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod, PodTemplate, ReplicationController, ResourceQuota, Secret, Service, ServiceAccount } from "../api/generated/core/v1.ts";
import type { EndpointSlice } from "../api/generated/discovery/v1.ts";
import type { Event as EventsV1Event } from "../api/generated/events/v1.ts";
import type { FlowSchema, PriorityLevelConfiguration } from "../api/generated/flowcontrol/v1.ts";
import type { IPAddress, Ingress, IngressClass, NetworkPolicy, ServiceCIDR } from "../api/generated/networking/v1.ts";
import type { RuntimeClass } from "../api/generated/node/v1.ts";
import type { PodDisruptionBudget } from "../api/generated/policy/v1.ts";
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from "../api/generated/rbac/v1.ts";
import type { DeviceClass, ResourceClaim, ResourceClaimTemplate, ResourceSlice } from "../api/generated/resource/v1.ts";
import type { PriorityClass } from "../api/generated/scheduling/v1.ts";
import type { CSIDriver, CSINode, CSIStorageCapacity, StorageClass, VolumeAttachment, VolumeAttributesClass } from "../api/generated/storage/v1.ts";
import { type KubeObject, type Resource, resource } from "./resource.ts";

// core
export const componentStatuses = resource<ComponentStatus>({ group: "", version: "v1", kind: "ComponentStatus", plural: "componentstatuses", scope: "Cluster" });
export const configMaps = resource<ConfigMap>({ group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", scope: "Namespaced" });
export const endpoints = resource<Endpoints>({ group: "", version: "v1", kind: "Endpoints", plural: "endpoints", scope: "Namespaced" });
export const events = resource<Event>({ group: "", version: "v1", kind: "Event", plural: "events", scope: "Namespaced" });
export const limitRanges = resource<LimitRange>({ group: "", version: "v1", kind: "LimitRange", plural: "limitranges", scope: "Namespaced" });
export const namespaces = resource<Namespace>({ group: "", version: "v1", kind: "Namespace", plural: "namespaces", scope: "Cluster" });
export const bindings = resource<Binding>({ group: "", version: "v1", kind: "Binding", plural: "bindings", scope: "Namespaced" });
export const persistentVolumeClaims = resource<PersistentVolumeClaim>({ group: "", version: "v1", kind: "PersistentVolumeClaim", plural: "persistentvolumeclaims", scope: "Namespaced" });
export const pods = resource<Pod>({ group: "", version: "v1", kind: "Pod", plural: "pods", scope: "Namespaced" });
export const podTemplates = resource<PodTemplate>({ group: "", version: "v1", kind: "PodTemplate", plural: "podtemplates", scope: "Namespaced" });
export const replicationControllers = resource<ReplicationController>({ group: "", version: "v1", kind: "ReplicationController", plural: "replicationcontrollers", scope: "Namespaced" });
export const resourceQuotas = resource<ResourceQuota>({ group: "", version: "v1", kind: "ResourceQuota", plural: "resourcequotas", scope: "Namespaced" });
export const secrets = resource<Secret>({ group: "", version: "v1", kind: "Secret", plural: "secrets", scope: "Namespaced" });
export const serviceAccounts = resource<ServiceAccount>({ group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts", scope: "Namespaced" });
export const services = resource<Service>({ group: "", version: "v1", kind: "Service", plural: "services", scope: "Namespaced" });
export const nodes = resource<Node>({ group: "", version: "v1", kind: "Node", plural: "nodes", scope: "Cluster" });
export const persistentVolumes = resource<PersistentVolume>({ group: "", version: "v1", kind: "PersistentVolume", plural: "persistentvolumes", scope: "Cluster" });

// admissionregistration.k8s.io
export const mutatingAdmissionPolicies = resource<MutatingAdmissionPolicy>({ group: "admissionregistration.k8s.io", version: "v1", kind: "MutatingAdmissionPolicy", plural: "mutatingadmissionpolicies", scope: "Cluster" });
export const mutatingAdmissionPolicyBindings = resource<MutatingAdmissionPolicyBinding>({ group: "admissionregistration.k8s.io", version: "v1", kind: "MutatingAdmissionPolicyBinding", plural: "mutatingadmissionpolicybindings", scope: "Cluster" });
export const mutatingWebhookConfigurations = resource<MutatingWebhookConfiguration>({ group: "admissionregistration.k8s.io", version: "v1", kind: "MutatingWebhookConfiguration", plural: "mutatingwebhookconfigurations", scope: "Cluster" });
export const validatingAdmissionPolicies = resource<ValidatingAdmissionPolicy>({ group: "admissionregistration.k8s.io", version: "v1", kind: "ValidatingAdmissionPolicy", plural: "validatingadmissionpolicies", scope: "Cluster" });
export const validatingAdmissionPolicyBindings = resource<ValidatingAdmissionPolicyBinding>({ group: "admissionregistration.k8s.io", version: "v1", kind: "ValidatingAdmissionPolicyBinding", plural: "validatingadmissionpolicybindings", scope: "Cluster" });
export const validatingWebhookConfigurations = resource<ValidatingWebhookConfiguration>({ group: "admissionregistration.k8s.io", version: "v1", kind: "ValidatingWebhookConfiguration", plural: "validatingwebhookconfigurations", scope: "Cluster" });

// apiextensions.k8s.io
export const customResourceDefinitions = resource<CustomResourceDefinition>({ group: "apiextensions.k8s.io", version: "v1", kind: "CustomResourceDefinition", plural: "customresourcedefinitions", scope: "Cluster" });

// apiregistration.k8s.io
export const apiServices = resource<APIService>({ group: "apiregistration.k8s.io", version: "v1", kind: "APIService", plural: "apiservices", scope: "Cluster" });

// apps
export const controllerRevisions = resource<ControllerRevision>({ group: "apps", version: "v1", kind: "ControllerRevision", plural: "controllerrevisions", scope: "Namespaced" });
export const daemonSets = resource<DaemonSet>({ group: "apps", version: "v1", kind: "DaemonSet", plural: "daemonsets", scope: "Namespaced" });
export const deployments = resource<Deployment>({ group: "apps", version: "v1", kind: "Deployment", plural: "deployments", scope: "Namespaced" });
export const replicaSets = resource<ReplicaSet>({ group: "apps", version: "v1", kind: "ReplicaSet", plural: "replicasets", scope: "Namespaced" });
export const statefulSets = resource<StatefulSet>({ group: "apps", version: "v1", kind: "StatefulSet", plural: "statefulsets", scope: "Namespaced" });

// authentication.k8s.io
export const selfSubjectReviews = resource<SelfSubjectReview>({ group: "authentication.k8s.io", version: "v1", kind: "SelfSubjectReview", plural: "selfsubjectreviews", scope: "Cluster" });
export const tokenReviews = resource<TokenReview>({ group: "authentication.k8s.io", version: "v1", kind: "TokenReview", plural: "tokenreviews", scope: "Cluster" });

// authorization.k8s.io
export const localSubjectAccessReviews = resource<LocalSubjectAccessReview>({ group: "authorization.k8s.io", version: "v1", kind: "LocalSubjectAccessReview", plural: "localsubjectaccessreviews", scope: "Namespaced" });
export const selfSubjectAccessReviews = resource<SelfSubjectAccessReview>({ group: "authorization.k8s.io", version: "v1", kind: "SelfSubjectAccessReview", plural: "selfsubjectaccessreviews", scope: "Cluster" });
export const selfSubjectRulesReviews = resource<SelfSubjectRulesReview>({ group: "authorization.k8s.io", version: "v1", kind: "SelfSubjectRulesReview", plural: "selfsubjectrulesreviews", scope: "Cluster" });
export const subjectAccessReviews = resource<SubjectAccessReview>({ group: "authorization.k8s.io", version: "v1", kind: "SubjectAccessReview", plural: "subjectaccessreviews", scope: "Cluster" });

// autoscaling
export const horizontalPodAutoscalersV1 = resource<HorizontalPodAutoscalerV1>({ group: "autoscaling", version: "v1", kind: "HorizontalPodAutoscaler", plural: "horizontalpodautoscalers", scope: "Namespaced" });
export const horizontalPodAutoscalers = resource<HorizontalPodAutoscaler>({ group: "autoscaling", version: "v2", kind: "HorizontalPodAutoscaler", plural: "horizontalpodautoscalers", scope: "Namespaced" });

// batch
export const cronJobs = resource<CronJob>({ group: "batch", version: "v1", kind: "CronJob", plural: "cronjobs", scope: "Namespaced" });
export const jobs = resource<Job>({ group: "batch", version: "v1", kind: "Job", plural: "jobs", scope: "Namespaced" });

// certificates.k8s.io
export const certificateSigningRequests = resource<CertificateSigningRequest>({ group: "certificates.k8s.io", version: "v1", kind: "CertificateSigningRequest", plural: "certificatesigningrequests", scope: "Cluster" });

// coordination.k8s.io
export const leases = resource<Lease>({ group: "coordination.k8s.io", version: "v1", kind: "Lease", plural: "leases", scope: "Namespaced" });

// discovery.k8s.io
export const endpointSlices = resource<EndpointSlice>({ group: "discovery.k8s.io", version: "v1", kind: "EndpointSlice", plural: "endpointslices", scope: "Namespaced" });

// events.k8s.io
export const eventsV1Events = resource<EventsV1Event>({ group: "events.k8s.io", version: "v1", kind: "Event", plural: "events", scope: "Namespaced" });

// flowcontrol.apiserver.k8s.io
export const flowSchemas = resource<FlowSchema>({ group: "flowcontrol.apiserver.k8s.io", version: "v1", kind: "FlowSchema", plural: "flowschemas", scope: "Cluster" });
export const priorityLevelConfigurations = resource<PriorityLevelConfiguration>({ group: "flowcontrol.apiserver.k8s.io", version: "v1", kind: "PriorityLevelConfiguration", plural: "prioritylevelconfigurations", scope: "Cluster" });

// networking.k8s.io
export const ingressClasses = resource<IngressClass>({ group: "networking.k8s.io", version: "v1", kind: "IngressClass", plural: "ingressclasses", scope: "Cluster" });
export const ingresses = resource<Ingress>({ group: "networking.k8s.io", version: "v1", kind: "Ingress", plural: "ingresses", scope: "Namespaced" });
export const ipAddresses = resource<IPAddress>({ group: "networking.k8s.io", version: "v1", kind: "IPAddress", plural: "ipaddresses", scope: "Cluster" });
export const networkPolicies = resource<NetworkPolicy>({ group: "networking.k8s.io", version: "v1", kind: "NetworkPolicy", plural: "networkpolicies", scope: "Namespaced" });
export const serviceCIDRs = resource<ServiceCIDR>({ group: "networking.k8s.io", version: "v1", kind: "ServiceCIDR", plural: "servicecidrs", scope: "Cluster" });

// node.k8s.io
export const runtimeClasses = resource<RuntimeClass>({ group: "node.k8s.io", version: "v1", kind: "RuntimeClass", plural: "runtimeclasses", scope: "Cluster" });

// policy
export const podDisruptionBudgets = resource<PodDisruptionBudget>({ group: "policy", version: "v1", kind: "PodDisruptionBudget", plural: "poddisruptionbudgets", scope: "Namespaced" });

// rbac.authorization.k8s.io
export const clusterRoleBindings = resource<ClusterRoleBinding>({ group: "rbac.authorization.k8s.io", version: "v1", kind: "ClusterRoleBinding", plural: "clusterrolebindings", scope: "Cluster" });
export const clusterRoles = resource<ClusterRole>({ group: "rbac.authorization.k8s.io", version: "v1", kind: "ClusterRole", plural: "clusterroles", scope: "Cluster" });
export const roleBindings = resource<RoleBinding>({ group: "rbac.authorization.k8s.io", version: "v1", kind: "RoleBinding", plural: "rolebindings", scope: "Namespaced" });
export const roles = resource<Role>({ group: "rbac.authorization.k8s.io", version: "v1", kind: "Role", plural: "roles", scope: "Namespaced" });

// resource.k8s.io
export const deviceClasses = resource<DeviceClass>({ group: "resource.k8s.io", version: "v1", kind: "DeviceClass", plural: "deviceclasses", scope: "Cluster" });
export const resourceClaims = resource<ResourceClaim>({ group: "resource.k8s.io", version: "v1", kind: "ResourceClaim", plural: "resourceclaims", scope: "Namespaced" });
export const resourceClaimTemplates = resource<ResourceClaimTemplate>({ group: "resource.k8s.io", version: "v1", kind: "ResourceClaimTemplate", plural: "resourceclaimtemplates", scope: "Namespaced" });
export const resourceSlices = resource<ResourceSlice>({ group: "resource.k8s.io", version: "v1", kind: "ResourceSlice", plural: "resourceslices", scope: "Cluster" });

// scheduling.k8s.io
export const priorityClasses = resource<PriorityClass>({ group: "scheduling.k8s.io", version: "v1", kind: "PriorityClass", plural: "priorityclasses", scope: "Cluster" });

// storage.k8s.io
export const csiDrivers = resource<CSIDriver>({ group: "storage.k8s.io", version: "v1", kind: "CSIDriver", plural: "csidrivers", scope: "Cluster" });
export const csiNodes = resource<CSINode>({ group: "storage.k8s.io", version: "v1", kind: "CSINode", plural: "csinodes", scope: "Cluster" });
export const csiStorageCapacities = resource<CSIStorageCapacity>({ group: "storage.k8s.io", version: "v1", kind: "CSIStorageCapacity", plural: "csistoragecapacities", scope: "Namespaced" });
export const storageClasses = resource<StorageClass>({ group: "storage.k8s.io", version: "v1", kind: "StorageClass", plural: "storageclasses", scope: "Cluster" });
export const volumeAttachments = resource<VolumeAttachment>({ group: "storage.k8s.io", version: "v1", kind: "VolumeAttachment", plural: "volumeattachments", scope: "Cluster" });
export const volumeAttributesClasses = resource<VolumeAttributesClass>({ group: "storage.k8s.io", version: "v1", kind: "VolumeAttributesClass", plural: "volumeattributesclasses", scope: "Cluster" });

/** Every row, for code that treats all resources alike. */
export const builtInResources: readonly Resource<KubeObject>[] = [
  componentStatuses,
  configMaps,
  endpoints,
  events,
  limitRanges,
  namespaces,
  bindings,
  persistentVolumeClaims,
  pods,
  podTemplates,
  replicationControllers,
  resourceQuotas,
  secrets,
  serviceAccounts,
  services,
  nodes,
  persistentVolumes,
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
  mutatingWebhookConfigurations,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
  validatingWebhookConfigurations,
  customResourceDefinitions,
  apiServices,
  controllerRevisions,
  daemonSets,
  deployments,
  replicaSets,
  statefulSets,
  selfSubjectReviews,
  tokenReviews,
  localSubjectAccessReviews,
  selfSubjectAccessReviews,
  selfSubjectRulesReviews,
  subjectAccessReviews,
  horizontalPodAutoscalersV1,
  horizontalPodAutoscalers,
  cronJobs,
  jobs,
  certificateSigningRequests,
  leases,
  endpointSlices,
  eventsV1Events,
  flowSchemas,
  priorityLevelConfigurations,
  ingressClasses,
  ingresses,
  ipAddresses,
  networkPolicies,
  serviceCIDRs,
  runtimeClasses,
  podDisruptionBudgets,
  clusterRoleBindings,
  clusterRoles,
  roleBindings,
  roles,
  deviceClasses,
  resourceClaims,
  resourceClaimTemplates,
  resourceSlices,
  priorityClasses,
  csiDrivers,
  csiNodes,
  csiStorageCapacities,
  storageClasses,
  volumeAttachments,
  volumeAttributesClasses,
];
