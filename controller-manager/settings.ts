import type { SigningSettings } from "./controllers/certificate-signing/loop.ts";
import type { TokenSettings } from "./controllers/serviceaccount-token/loop.ts";
import { NODE_LIFECYCLE_DEFAULTS, type NodeLifecycleSettings } from "./controllers/node-lifecycle/loop.ts";

/** What the flags say about the controllers. */
export interface Settings {
  /** PEM for `kube-root-ca.crt`; not published when left out. */
  readonly rootCa?: string | undefined;
  /** Pod ranges of nodes; not given out when left out. */
  readonly nodeCidrs?: { readonly clusterCidr: string; readonly maskSize: number } | undefined;
  /** Nobody signs certificates when left out. */
  readonly signing?: SigningSettings | undefined;
  /** Secrets get no tokens when left out. */
  readonly tokens?: TokenSettings | undefined;
  readonly nodeLifecycle: NodeLifecycleSettings;
  /** Finished pods that are kept. */
  readonly terminatedPodThreshold: number;
}

/** Upstream's defaults, without controllers that need keys. */
export const DEFAULT_SETTINGS: Settings = {
  rootCa: "",
  nodeCidrs: { clusterCidr: "10.244.0.0/16", maskSize: 24 },
  nodeLifecycle: NODE_LIFECYCLE_DEFAULTS,
  terminatedPodThreshold: 12_500,
};

/** With every controller on: the ground for the generated roles. None of them is run. */
export const EVERY_CONTROLLER: Settings = {
  ...DEFAULT_SETTINGS,
  signing: { authority: { certificate: "", key: "" }, maxLifetimeMs: 0 },
  tokens: { signingKey: "", rootCa: undefined },
};
