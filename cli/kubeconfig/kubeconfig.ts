import { stringify } from "yaml";
import type { CertificateKeyPair } from "../../shared/process/pki.ts";

/** How one user reaches one cluster; cluster, user and context of it bear the same name. */
export interface KubeconfigEntry {
  readonly name: string;
  readonly server: string;
  readonly certificateAuthority: string;
  readonly client: CertificateKeyPair;
}

const base64 = (pem: string): string => Buffer.from(pem).toString("base64");

/** The three stanzas of an entry, certificates embedded. */
export function stanzasOf(entry: KubeconfigEntry): Record<"clusters" | "users" | "contexts", { name: string }> {
  return {
    clusters: {
      name: entry.name,
      cluster: { "certificate-authority-data": base64(entry.certificateAuthority), server: entry.server },
    },
    users: {
      name: entry.name,
      user: {
        "client-certificate-data": base64(entry.client.certificate),
        "client-key-data": base64(entry.client.key),
      },
    },
    contexts: { name: entry.name, context: { cluster: entry.name, user: entry.name } },
  } as Record<"clusters" | "users" | "contexts", { name: string }>;
}

/** A whole kubeconfig with the one entry, as YAML. */
export function kubeconfigText(entry: KubeconfigEntry): string {
  const { clusters, users, contexts } = stanzasOf(entry);
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [clusters],
    users: [users],
    contexts: [contexts],
    "current-context": entry.name,
    preferences: {},
  });
}
