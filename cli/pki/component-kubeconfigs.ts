import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cluster } from "../cluster/cluster.ts";
import { type KubeconfigEntry, kubeconfigText } from "../kubeconfig/kubeconfig.ts";
import { authorityPath, readCertificate } from "./cluster-certificates.ts";

/** Which client certificate each component comes with. */
const COMPONENT_CERTIFICATES = {
  "controller-manager": "controller-manager",
  scheduler: "scheduler",
  kubelet: "kubelet-client",
  "kube-proxy": "kube-proxy",
  "csi-hostpath": "csi-hostpath",
} as const;

export type ComponentKubeconfig = keyof typeof COMPONENT_CERTIFICATES;

/** How a client certificate of this cluster reaches it from this machine. */
export function entryFor(cluster: Cluster, certificate: string): KubeconfigEntry {
  return {
    name: cluster.contextName,
    server: `https://127.0.0.1:${cluster.ports.api}`,
    certificateAuthority: readFileSync(authorityPath(cluster), "utf8"),
    client: readCertificate(cluster, certificate),
  };
}

/** The entry for people. */
export const adminEntry = (cluster: Cluster): KubeconfigEntry => entryFor(cluster, "admin");

export const componentKubeconfigPath = (cluster: Cluster, component: ComponentKubeconfig): string =>
  join(cluster.kubeconfigDir, `${component}.conf`);

/** Writes the components' kubeconfigs from the certificates on disk. */
export function writeComponentKubeconfigs(cluster: Cluster): void {
  mkdirSync(cluster.kubeconfigDir, { recursive: true, mode: 0o700 });
  for (const component of Object.keys(COMPONENT_CERTIFICATES) as ComponentKubeconfig[]) {
    const text = kubeconfigText(entryFor(cluster, COMPONENT_CERTIFICATES[component]));
    writeFileSync(componentKubeconfigPath(cluster, component), text, { mode: 0o600 });
  }
}
