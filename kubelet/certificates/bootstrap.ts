/**
 * The first certificate of a new node, asked for with a bootstrap kubeconfig, and the kubeconfig that uses it.
 * Upstream: `pkg/kubelet/certificate/bootstrap/bootstrap.go`.
 */
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { createApiClient } from "../../shared/client/http-client.ts";
import { type ClusterAccess, loadKubeconfig } from "../../shared/client/kubeconfig.ts";
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import { GIT_VERSION } from "../../shared/process/version.ts";
import type { KubeletOptions } from "../options.ts";
import { CertificateFile, certificateValidity } from "./certificate-file.ts";
import { isExpired } from "./plan-rotation.ts";
import { type CertificateWish, requestCertificate } from "./request-certificate.ts";

export function clientWish(nodeName: string): CertificateWish {
  return {
    subject: { commonName: `system:node:${nodeName}`, organizations: ["system:nodes"] },
    signerName: "kubernetes.io/kube-apiserver-client-kubelet",
    usages: ["digital signature", "client auth"],
  };
}

const RETRY_MS = 2000;

/** Access to the API: from the kubeconfig, which is made first when it is not there or has come to its end. */
export async function clusterAccess(
  options: KubeletOptions,
  clock: Clock,
  logger: Logger,
  signal: AbortSignal,
): Promise<ClusterAccess> {
  const { kubeconfig, bootstrapKubeconfig } = options;
  if (bootstrapKubeconfig !== "" && !isUsable(kubeconfig, clock.nowMs())) {
    await bootstrap(options, clock, logger, signal);
  }
  return loadKubeconfig(kubeconfig);
}

function isUsable(path: string, nowMs: number): boolean {
  if (!existsSync(path)) return false;
  try {
    const { clientCertificate } = loadKubeconfig(path);
    return clientCertificate === undefined || !isExpired(certificateValidity(clientCertificate.cert), nowMs);
  } catch {
    return false;
  }
}

async function bootstrap(
  { kubeconfig, bootstrapKubeconfig, certDir, nodeName }: KubeletOptions,
  clock: Clock,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const access = loadKubeconfig(bootstrapKubeconfig);
  const client = createApiClient(access, { userAgent: `kubelet/${GIT_VERSION}` });
  const file = new CertificateFile(certDir, "kubelet-client");
  try {
    while (!signal.aborted) {
      try {
        const { certificate, key } = await requestCertificate(client, clientWish(nodeName), clock, signal);
        file.write(certificate, key, clock.nowMs());
        break;
      } catch (err) {
        logger.warn({ err }, "could not get a client certificate, will try again");
        await clock.sleep(RETRY_MS, signal);
      }
    }
  } finally {
    await client.close();
  }
  signal.throwIfAborted();
  writeKubeconfig(kubeconfig, access, file.path);
  logger.info({ kubeconfig }, "bootstrapped the node's identity");
}

function writeKubeconfig(path: string, { server, ca }: ClusterAccess, pem: string): void {
  const authority = ca === undefined ? {} : { "certificate-authority-data": Buffer.from(ca).toString("base64") };
  const content = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "default-cluster", cluster: { server, ...authority } }],
    users: [{ name: "default-auth", user: { "client-certificate": pem, "client-key": pem } }],
    contexts: [
      { name: "default-context", context: { cluster: "default-cluster", namespace: "default", user: "default-auth" } },
    ],
    "current-context": "default-context",
  };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.tmp`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}
