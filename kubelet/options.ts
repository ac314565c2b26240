/** Options of the kubelet: what the machine's unit file says, beside the configuration. */
import { mayKubeletSet } from "../shared/machinery/kubelet-labels.ts";
import type { KubeletConfiguration } from "./configuration/configuration-fields.ts";

export interface RegisteredTaint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

export interface KubeletOptions {
  readonly configuration: KubeletConfiguration;
  readonly kubeconfig: string;
  /** Used to ask for a certificate while `kubeconfig` is not there; empty: it must be. */
  readonly bootstrapKubeconfig: string;
  /** Where certificates that the kubelet gets for itself are kept. */
  readonly certDir: string;
  readonly nodeName: string;
  readonly runtimeEndpoint: string;
  /** Image of sandboxes, where the kubelet makes them itself (Docker Engine). */
  readonly sandboxImage: string;
  readonly rootDir: string;
  /** Address of this node; found out when empty. */
  readonly nodeIp: string;
  readonly address: string;
  readonly port: number;
  /** 0 turns it off. */
  readonly healthzPort: number;
  /** Both empty: a self-signed certificate is made. */
  readonly tlsCertFile: string;
  readonly tlsPrivateKeyFile: string;
  /** Empty: client certificates are not accepted. */
  readonly clientCaFile: string;
  /** Empty: somebody else configures the network. */
  readonly cniConfDir: string;
  readonly cniBridge: string;
  /** Pods of all nodes; empty: only this node's range is known. */
  readonly clusterCidr: string;
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
  readonly cgroupRoot: string;
  readonly nodeLabels: Readonly<Record<string, string>>;
  readonly registerWithTaints: readonly RegisteredTaint[];
  readonly podsMax: number;
  readonly logLevel?: string;
}

/** `key=value` pairs; throws for a pair without a key, and for labels that a node must not give itself. */
export function parseLabels(pairs: readonly string[]): Record<string, string> {
  const labels = Object.fromEntries(
    pairs.map((pair) => {
      const [key = "", ...value] = pair.split("=");
      if (key === "") throw new Error(`invalid label "${pair}": write key=value`);
      return [key, value.join("=")];
    }),
  );
  const unknown = Object.keys(labels).filter((key) => !mayKubeletSet(key));
  if (unknown.length === 0) return labels;
  throw new Error(
    `unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels: [${unknown.toSorted().join(", ")}]`,
  );
}

/** `key=value:Effect` or `key:Effect`; throws otherwise. */
export function parseTaints(texts: readonly string[]): RegisteredTaint[] {
  return texts.map((text) => {
    const match = /^([^=:]+)(?:=([^:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/.exec(text);
    if (match === null) throw new Error(`invalid taint "${text}": write key=value:Effect`);
    return { key: match[1] ?? "", value: match[2] ?? "", effect: match[3] ?? "" };
  });
}
