/** Options of the kubelet, with upstream's flag names in `main.ts`. */
export interface KubeletOptions {
  readonly kubeconfig: string;
  readonly nodeName: string;
  readonly runtimeEndpoint: string;
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
  readonly registerWithTaints: readonly { key: string; value: string; effect: string }[];
  readonly podsMax: number;
  readonly logLevel?: string;
}

/** `key=value` pairs; throws for a pair without a key. */
export function parseLabels(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [key = "", ...value] = pair.split("=");
      if (key === "") throw new Error(`invalid label "${pair}": write key=value`);
      return [key, value.join("=")];
    }),
  );
}

/** `key=value:Effect` or `key:Effect`; throws otherwise. */
export function parseTaints(texts: readonly string[]): { key: string; value: string; effect: string }[] {
  return texts.map((text) => {
    const match = /^([^=:]+)(?:=([^:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/.exec(text);
    if (match === null) throw new Error(`invalid taint "${text}": write key=value:Effect`);
    return { key: match[1] ?? "", value: match[2] ?? "", effect: match[3] ?? "" };
  });
}
