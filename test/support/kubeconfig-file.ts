/** Kubeconfig files for foreign clients. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ClusterAccess } from "../../shared/client/kubeconfig.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** Text of a file for that access: by client certificate, by token, or by neither. JSON is YAML. */
export function kubeconfigText({ server, ca, clientCertificate, token }: ClusterAccess): string {
  const cluster = { server, ...(ca === undefined ? {} : { "certificate-authority-data": base64(ca) }) };
  const certificate =
    clientCertificate === undefined
      ? {}
      : {
          "client-certificate-data": base64(clientCertificate.cert),
          "client-key-data": base64(clientCertificate.key),
        };
  const user = { ...certificate, ...(token === undefined ? {} : { token }) };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster }],
    users: [{ name: "user", user }],
    contexts: [{ name: "test", context: { cluster: "test", user: "user" } }],
    "current-context": "test",
  });
}

/** Writes it as `FOLDER/NAME`; gives the path. */
export function writeKubeconfig(folder: string, access: ClusterAccess, name = "config"): string {
  const path = join(folder, name);
  writeFileSync(path, kubeconfigText(access), { mode: 0o600 });
  return path;
}
