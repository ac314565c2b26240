/**
 * Fields of `KubeletConfiguration` (kubelet.config.k8s.io/v1beta1) with their defaults, and the flag that sets each.
 * Upstream: `staging/src/k8s.io/kubelet/config/v1beta1/types.go`, `pkg/kubelet/apis/config/v1beta1/defaults.go`,
 * `cmd/kubelet/app/options/options.go`. What a field says that nothing here reads changes nothing, as documented in
 * `docs/compatibility.md`.
 */

/**
 * Durations are written as Go writes them and read as milliseconds; maps are `key<separator>value` in flags; `json`
 * is taken over as it stands and checked by who reads it.
 */
export type FieldSpec =
  | { readonly type: "string"; readonly default: string; readonly flag?: string }
  | { readonly type: "number"; readonly default: number; readonly flag?: string }
  | { readonly type: "boolean"; readonly default: boolean; readonly flag?: string }
  | { readonly type: "duration"; readonly default: string; readonly flag?: string }
  | { readonly type: "list"; readonly default: readonly string[]; readonly flag?: string }
  | {
      readonly type: "map";
      readonly default: Readonly<Record<string, string>>;
      readonly flag?: string;
      readonly separator?: string;
    }
  | { readonly type: "json"; readonly default: unknown };

export type FieldSpecs = Readonly<Record<string, FieldSpec>>;

type ValueOf<S extends FieldSpec> = S extends { type: "number" | "duration" }
  ? number
  : S extends { type: "boolean" }
    ? boolean
    : S extends { type: "list" }
      ? readonly string[]
      : S extends { type: "map" }
        ? Readonly<Record<string, string>>
        : S extends { type: "json" }
          ? unknown
          : string;

/** `flag` is left out where upstream has none. */
const flagOf = (flag: string | undefined): { flag?: string } => (flag === undefined ? {} : { flag });
const text = (fallback = "", flag?: string) => ({ type: "string" as const, default: fallback, ...flagOf(flag) });
const number = (fallback: number, flag?: string) => ({ type: "number" as const, default: fallback, ...flagOf(flag) });
const flagged = (fallback: boolean, flag?: string) => ({
  type: "boolean" as const,
  default: fallback,
  ...flagOf(flag),
});
const duration = (fallback: string, flag?: string) => ({
  type: "duration" as const,
  default: fallback,
  ...flagOf(flag),
});
const list = (fallback: readonly string[], flag?: string) => ({
  type: "list" as const,
  default: fallback,
  ...flagOf(flag),
});
const map = (fallback: Readonly<Record<string, string>>, flag?: string, separator = "=") => ({
  type: "map" as const,
  default: fallback,
  separator,
  ...flagOf(flag),
});
const json = (fallback: unknown) => ({ type: "json" as const, default: fallback });

/** Thresholds of a node that configures none. */
export const DEFAULT_EVICTION_HARD: Readonly<Record<string, string>> = {
  "memory.available": "100Mi",
  "nodefs.available": "10%",
  "nodefs.inodesFree": "5%",
  "imagefs.available": "15%",
  "imagefs.inodesFree": "5%",
};

/** By path in the file; a dot is a step into an object. */
export const configurationFields = {
  enableServer: flagged(true, "enable-server"),
  staticPodPath: text("", "pod-manifest-path"),
  podLogsDir: text("", "pod-logs-dir"),
  syncFrequency: duration("1m", "sync-frequency"),
  fileCheckFrequency: duration("20s", "file-check-frequency"),
  httpCheckFrequency: duration("20s", "http-check-frequency"),
  staticPodURL: text("", "manifest-url"),
  staticPodURLHeader: json({}),
  address: text("0.0.0.0", "address"),
  port: number(10_250, "port"),
  readOnlyPort: number(0, "read-only-port"),
  tlsCertFile: text("", "tls-cert-file"),
  tlsPrivateKeyFile: text("", "tls-private-key-file"),
  tlsCipherSuites: list([], "tls-cipher-suites"),
  tlsMinVersion: text("", "tls-min-version"),
  tlsCurvePreferences: json([]),
  rotateCertificates: flagged(false, "rotate-certificates"),
  serverTLSBootstrap: flagged(false, "rotate-server-certificates"),
  "authentication.x509.clientCAFile": text("", "client-ca-file"),
  "authentication.webhook.enabled": flagged(true, "authentication-token-webhook"),
  "authentication.webhook.cacheTTL": duration("2m", "authentication-token-webhook-cache-ttl"),
  "authentication.anonymous.enabled": flagged(false, "anonymous-auth"),
  "authorization.mode": text("Webhook", "authorization-mode"),
  "authorization.webhook.cacheAuthorizedTTL": duration("5m", "authorization-webhook-cache-authorized-ttl"),
  "authorization.webhook.cacheUnauthorizedTTL": duration("30s", "authorization-webhook-cache-unauthorized-ttl"),
  registryPullQPS: number(5, "registry-qps"),
  registryBurst: number(10, "registry-burst"),
  imagePullCredentialsVerificationPolicy: text("NeverVerifyPreloadedImages"),
  preloadedImagesVerificationAllowlist: list([]),
  eventRecordQPS: number(50, "event-qps"),
  eventBurst: number(100, "event-burst"),
  enableDebuggingHandlers: flagged(true, "enable-debugging-handlers"),
  enableContentionProfiling: flagged(false, "contention-profiling"),
  healthzPort: number(10_248, "healthz-port"),
  healthzBindAddress: text("127.0.0.1", "healthz-bind-address"),
  oomScoreAdj: number(-999, "oom-score-adj"),
  clusterDomain: text("cluster.local", "cluster-domain"),
  clusterDNS: list([], "cluster-dns"),
  streamingConnectionIdleTimeout: duration("4h", "streaming-connection-idle-timeout"),
  nodeStatusUpdateFrequency: duration("10s", "node-status-update-frequency"),
  nodeStatusReportFrequency: duration("5m"),
  nodeLeaseDurationSeconds: number(40),
  imageMinimumGCAge: duration("2m", "minimum-image-ttl-duration"),
  imageMaximumGCAge: duration("0s"),
  imageGCHighThresholdPercent: number(85, "image-gc-high-threshold"),
  imageGCLowThresholdPercent: number(80, "image-gc-low-threshold"),
  volumeStatsAggPeriod: duration("1m", "volume-stats-agg-period"),
  kubeletCgroups: text("", "kubelet-cgroups"),
  systemCgroups: text("", "system-cgroups"),
  cgroupRoot: text("/", "cgroup-root"),
  cgroupsPerQOS: flagged(true, "cgroups-per-qos"),
  cgroupDriver: text("cgroupfs", "cgroup-driver"),
  cpuManagerPolicy: text("none", "cpu-manager-policy"),
  singleProcessOOMKill: flagged(false),
  cpuManagerPolicyOptions: map({}, "cpu-manager-policy-options"),
  cpuManagerReconcilePeriod: duration("10s", "cpu-manager-reconcile-period"),
  memoryManagerPolicy: text("None", "memory-manager-policy"),
  topologyManagerPolicy: text("none", "topology-manager-policy"),
  topologyManagerScope: text("container", "topology-manager-scope"),
  topologyManagerPolicyOptions: map({}, "topology-manager-policy-options"),
  qosReserved: map({}, "qos-reserved"),
  runtimeRequestTimeout: duration("2m", "runtime-request-timeout"),
  hairpinMode: text("promiscuous-bridge", "hairpin-mode"),
  maxPods: number(110, "max-pods"),
  podCIDR: text("", "pod-cidr"),
  podPidsLimit: number(-1, "pod-max-pids"),
  resolvConf: text("/etc/resolv.conf", "resolv-conf"),
  cpuCFSQuota: flagged(true, "cpu-cfs-quota"),
  cpuCFSQuotaPeriod: duration("100ms", "cpu-cfs-quota-period"),
  nodeStatusMaxImages: number(50, "node-status-max-images"),
  maxOpenFiles: number(1_000_000, "max-open-files"),
  contentType: text("application/vnd.kubernetes.protobuf", "kube-api-content-type"),
  kubeAPIQPS: number(50, "kube-api-qps"),
  kubeAPIBurst: number(100, "kube-api-burst"),
  serializeImagePulls: flagged(true, "serialize-image-pulls"),
  maxParallelImagePulls: number(0),
  evictionHard: map({}, "eviction-hard", "<"),
  evictionSoft: map({}, "eviction-soft", "<"),
  evictionSoftGracePeriod: map({}, "eviction-soft-grace-period"),
  evictionPressureTransitionPeriod: duration("5m", "eviction-pressure-transition-period"),
  evictionMaxPodGracePeriod: number(0, "eviction-max-pod-grace-period"),
  evictionMinimumReclaim: map({}, "eviction-minimum-reclaim"),
  mergeDefaultEvictionSettings: flagged(false),
  podsPerCore: number(0, "pods-per-core"),
  enableControllerAttachDetach: flagged(true, "enable-controller-attach-detach"),
  protectKernelDefaults: flagged(false, "protect-kernel-defaults"),
  makeIPTablesUtilChains: flagged(true, "make-iptables-util-chains"),
  iptablesMasqueradeBit: number(14, "iptables-masquerade-bit"),
  iptablesDropBit: number(15, "iptables-drop-bit"),
  featureGates: map({}, "feature-gates"),
  failSwapOn: flagged(true, "fail-swap-on"),
  "memorySwap.swapBehavior": text(),
  containerLogMaxSize: text("10Mi", "container-log-max-size"),
  containerLogMaxFiles: number(5, "container-log-max-files"),
  containerLogMaxWorkers: number(1),
  containerLogMonitorInterval: duration("10s"),
  configMapAndSecretChangeDetectionStrategy: text("Watch"),
  systemReserved: map({}, "system-reserved"),
  kubeReserved: map({}, "kube-reserved"),
  reservedSystemCPUs: text("", "reserved-cpus"),
  showHiddenMetricsForVersion: text("", "show-hidden-metrics-for-version"),
  systemReservedCgroup: text("", "system-reserved-cgroup"),
  kubeReservedCgroup: text("", "kube-reserved-cgroup"),
  enforceNodeAllocatable: list(["pods"], "enforce-node-allocatable"),
  allowedUnsafeSysctls: list([], "allowed-unsafe-sysctls"),
  volumePluginDir: text("/usr/libexec/kubernetes/kubelet-plugins/volume/exec/", "volume-plugin-dir"),
  providerID: text("", "provider-id"),
  kernelMemcgNotification: flagged(false, "kernel-memcg-notification"),
  "logging.format": text("text", "logging-format"),
  "logging.flushFrequency": json("5s"),
  "logging.verbosity": number(0, "v"),
  "logging.vmodule": json([]),
  "logging.options": json({}),
  enableSystemLogHandler: flagged(true, "enable-system-log-handler"),
  enableSystemLogQuery: flagged(false),
  shutdownGracePeriod: duration("0s"),
  shutdownGracePeriodCriticalPods: duration("0s"),
  shutdownGracePeriodByPodPriority: json([]),
  "crashLoopBackOff.maxContainerRestartPeriod": duration("5m"),
  reservedMemory: json([]),
  enableProfilingHandler: flagged(true),
  enableDebugFlagsHandler: flagged(true),
  seccompDefault: flagged(false, "seccomp-default"),
  memoryThrottlingFactor: number(0.9),
  registerWithTaints: json([]),
  registerNode: flagged(true, "register-node"),
  tracing: json({}),
  localStorageCapacityIsolation: flagged(true, "local-storage-capacity-isolation"),
  containerRuntimeEndpoint: text("unix:///run/containerd/containerd.sock", "container-runtime-endpoint"),
  imageServiceEndpoint: text("", "image-service-endpoint"),
  failCgroupV1: flagged(false, "fail-cgroupv1"),
  userNamespaces: json({}),
} as const satisfies FieldSpecs;

/** Every field has a value. */
export type KubeletConfiguration = {
  readonly [Path in keyof typeof configurationFields]: ValueOf<(typeof configurationFields)[Path]>;
};
