/** The servers of a kubelet process: 10250 for the API and for scrapers, 10248 for the machine itself. */
import { readFileSync } from "node:fs";
import { startSideServer } from "../../shared/process/side-server.ts";
import { configz } from "../configuration/configz.ts";
import type { Kubelet } from "../kubelet.ts";
import type { KubeletBase } from "../kubelet-base.ts";
import { registerKubeletMetrics } from "../kubelet-metrics.ts";
import type { KubeletOptions } from "../options.ts";
import { createKubeletAccess } from "./kubelet-authentication.ts";
import { type KubeletServer, startKubeletServer } from "./kubelet-server.ts";
import { StatsReader } from "./read-stats.ts";
import { registerVolumeMetrics } from "./volume-metrics.ts";
import { createStreamingRoutes } from "./streaming-routes.ts";

/** Rejects when an address is in use or a certificate cannot be read. */
export async function startServers(base: KubeletBase, kubelet: Kubelet): Promise<KubeletServer> {
  const { options, runtime, clock, logger, registry } = base;
  const { workers } = kubelet;
  const stats = new StatsReader(base, workers, kubelet.volumes);
  registerVolumeMetrics(registry, () =>
    workers.list().flatMap((worker) => stats.claimsOf(worker.uid).map((claim) => ({ pod: worker.pod, claim }))),
  );
  registerKubeletMetrics(registry, options.nodeName, workers);
  const server = await startKubeletServer({
    address: options.address,
    port: options.port,
    tls: await servingTls(options, base.hostIps),
    access: createKubeletAccess({
      client: base.client,
      nodeName: options.nodeName,
      clock,
      configuration: options.configuration,
    }),
    runtime,
    workers,
    registry,
    clock,
    logger,
    config: configz(options.configuration),
    probeRegistry: base.probeRegistry,
    hasDebugging: options.configuration.enableDebuggingHandlers,
    stats: () => stats.read(),
    streaming: createStreamingRoutes({ runtime, workers, clock, logger }),
  });
  if (options.healthzPort === 0) return server;
  const healthz = await startSideServer({
    host: options.configuration.healthzBindAddress,
    port: options.healthzPort,
    registry,
  });
  return {
    ...server,
    close: async () => {
      await Promise.all([server.close(), healthz.close()]);
    },
  };
}

async function servingTls(
  options: KubeletOptions,
  hostIps: readonly string[],
): Promise<{ cert: string; key: string; ca?: string }> {
  const ca = options.clientCaFile === "" ? {} : { ca: readFileSync(options.clientCaFile, "utf8") };
  if (options.tlsCertFile !== "") {
    return {
      cert: readFileSync(options.tlsCertFile, "utf8"),
      key: readFileSync(options.tlsPrivateKeyFile, "utf8"),
      ...ca,
    };
  }
  // Loaded only here: a kubelet with a certificate saves the memory.
  const { createCertificateAuthority, issueCertificate } = await import("../../shared/process/pki.ts");
  const authority = await createCertificateAuthority(`${options.nodeName}-ca`);
  const { certificate, key } = await issueCertificate(authority, {
    commonName: options.nodeName,
    organizations: [],
    dnsNames: [options.nodeName],
    ipAddresses: [...new Set([...hostIps, "127.0.0.1"])],
    usages: ["server"],
  });
  return { cert: certificate, key, ...ca };
}
