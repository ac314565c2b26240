/** The command line of kube-controller-manager: upstream's names and defaults, as far as they are acted on. */
import type { FlagSpecs, FlagValues } from "../shared/process/flags.ts";
import type { Settings } from "./settings.ts";

export const FLAGS = {
  kubeconfig: { type: "string", default: "", help: "Kubeconfig file with the server and our credentials." },
  "leader-elect": {
    type: "boolean",
    default: true,
    help: "Lead only while holding the lease; for more than one process.",
  },
  "leader-elect-lease-duration": {
    type: "duration",
    default: "15s",
    help: "How long others wait before they take an unrenewed lease.",
  },
  "leader-elect-renew-deadline": {
    type: "duration",
    default: "10s",
    help: "How long the leader tries to renew before it gives up.",
  },
  "leader-elect-retry-period": {
    type: "duration",
    default: "2s",
    help: "Time between tries to take or renew the lease.",
  },
  "allocate-node-cidrs": { type: "boolean", default: false, help: "Give every node a range of pod addresses." },
  "cluster-cidr": { type: "string", default: "10.244.0.0/16", help: "Range of all pod addresses." },
  "node-cidr-mask-size": { type: "number", default: 24, help: "Prefix length of a node's range." },
  "root-ca-file": { type: "string", help: "CA bundle that is published as kube-root-ca.crt in every namespace." },
  "cluster-signing-cert-file": {
    type: "string",
    help: "CA that signs certificate requests; nobody does when left out.",
  },
  "cluster-signing-key-file": { type: "string", help: "Key of that CA." },
  "cluster-signing-duration": { type: "duration", default: "8760h", help: "Longest life of a signed certificate." },
  "service-account-private-key-file": {
    type: "string",
    help: "Key that signs tokens in Secrets; they stay empty when left out.",
  },
  "bind-address": { type: "string", default: "127.0.0.1", help: "Address for health and metrics." },
  "secure-port": { type: "number", default: 10257, help: "Port for health and metrics." },
  "tls-cert-file": { type: "string", help: "Certificate for health and metrics; self-signed when left out." },
  "tls-private-key-file": { type: "string", help: "Key of that certificate." },
  "node-monitor-grace-period": {
    type: "duration",
    default: "50s",
    help: "Silence after which a node counts as unknown.",
  },
  "node-monitor-period": { type: "duration", default: "5s", help: "Time between looks at the nodes." },
  "node-startup-grace-period": { type: "duration", default: "1m", help: "Silence of a node that never reported." },
  "terminated-pod-gc-threshold": { type: "number", default: 12_500, help: "Finished pods that are kept." },
  v: { type: "number", default: 0, help: "Log level; 4 and above is debug." },
  version: { type: "boolean", help: "Print the version." },
  help: { type: "boolean", help: "Print this text." },
} as const satisfies FlagSpecs;

/** Flags of upstream that existing unit files and manifests carry. */
export const TOLERATED: ReadonlySet<string> = new Set([
  "attach-detach-reconcile-max-wait-unmount-duration",
  "attach-detach-reconcile-sync-period",
  "authentication-kubeconfig",
  "authorization-kubeconfig",
  "client-ca-file",
  "cluster-name",
  "concurrent-deployment-syncs",
  "concurrent-ephemeralvolume-syncs",
  "concurrent-replicaset-syncs",
  "controllers",
  "disable-attach-detach-reconcile-sync",
  "disable-force-detach-on-timeout",
  "enable-dynamic-provisioning",
  "enable-hostpath-provisioner",
  "feature-gates",
  "flex-volume-plugin-dir",
  "kube-api-burst",
  "kube-api-qps",
  "profiling",
  "pvclaimbinder-sync-period",
  "requestheader-client-ca-file",
  "service-cluster-ip-range",
  "use-service-account-credentials",
]);

/** Texts of the files that the flags name. */
export interface SettingFiles {
  readonly rootCa: string | undefined;
  readonly signingCertificate: string | undefined;
  readonly signingKey: string | undefined;
  readonly tokenKey: string | undefined;
}

export function settingsOf(values: FlagValues<typeof FLAGS>, files: SettingFiles): Settings {
  const { rootCa, signingCertificate, signingKey, tokenKey } = files;
  return {
    rootCa,
    signing:
      signingCertificate === undefined || signingKey === undefined
        ? undefined
        : {
            authority: { certificate: signingCertificate, key: signingKey },
            maxLifetimeMs: values["cluster-signing-duration"],
          },
    tokens: tokenKey === undefined ? undefined : { signingKey: tokenKey, rootCa },
    nodeCidrs: values["allocate-node-cidrs"]
      ? { clusterCidr: values["cluster-cidr"], maskSize: values["node-cidr-mask-size"] }
      : undefined,
    nodeLifecycle: {
      gracePeriodMs: values["node-monitor-grace-period"],
      startupGracePeriodMs: values["node-startup-grace-period"],
      monitorPeriodMs: values["node-monitor-period"],
    },
    terminatedPodThreshold: values["terminated-pod-gc-threshold"],
  };
}
