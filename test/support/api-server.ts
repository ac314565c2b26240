/**
 * A whole apiserver inside the test process: TLS, authentication, RBAC, admission and the memory store by default, on
 * a free port. What is written through it is what a cluster would have; only controllers and nodes are missing.
 */
import { type RunningApiServer, run } from "../../apiserver/run.ts";
import type { ApiServerOptions } from "../../apiserver/options.ts";
import { MemoryStorage } from "../../apiserver/storage/memory/memory-storage.ts";
import type { Storage } from "../../apiserver/storage/storage.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { createApiClient } from "../../shared/client/http-client.ts";
import type { ClusterAccess } from "../../shared/client/kubeconfig.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import {
  type CertificateKeyPair,
  createCertificateAuthority,
  createServiceAccountKey,
  issueCertificate,
} from "../../shared/process/pki.ts";
import { kubeconfigText } from "./kubeconfig-file.ts";

export interface TestApiServerOptions extends Partial<ApiServerOptions> {
  /** The memory store when left out; the server closes it. */
  readonly storage?: Storage;
}

export interface TestApiServer {
  /** `https://127.0.0.1:PORT`. */
  readonly url: string;
  readonly port: number;
  /** Administrator (`system:masters`). */
  readonly access: ClusterAccess;
  readonly client: ApiClient;
  /** PEM of the authority and of the administrator's certificate. */
  readonly authority: CertificateKeyPair;
  readonly admin: CertificateKeyPair;
  readonly server: RunningApiServer;
  /** Access as somebody else: a client certificate of that user and those groups. */
  accessOf(user: string, groups?: readonly string[]): Promise<ClusterAccess>;
  /** A kubeconfig file's text for the administrator. */
  kubeconfig(): string;
  stop(): Promise<void>;
}

/** Resolves when `/readyz` is ok. */
export async function startTestApiServer(overrides: TestApiServerOptions = {}): Promise<TestApiServer> {
  const authority = await createCertificateAuthority("test-ca");
  const [serving, admin, serviceAccountKey] = await Promise.all([
    issueCertificate(authority, {
      commonName: "kube-apiserver",
      dnsNames: ["localhost"],
      ipAddresses: ["127.0.0.1"],
      usages: ["server"],
    }),
    issueCertificate(authority, {
      commonName: "kubernetes-admin",
      organizations: ["system:masters"],
      usages: ["client"],
    }),
    createServiceAccountKey(),
  ]);
  const server = await run({
    clock: systemClock,
    logger: silentLogger,
    storage: new MemoryStorage(systemClock),
    bindAddress: "127.0.0.1",
    securePort: 0,
    // Of the range for documentation: an object only, nobody is ever sent there.
    advertiseAddress: "192.0.2.10",
    tls: { cert: serving.certificate, key: serving.key },
    clientCa: authority.certificate,
    serviceAccounts: {
      issuers: ["https://kubernetes.default.svc.cluster.local"],
      audiences: [],
      verificationKeys: [serviceAccountKey.publicKey],
      signingKey: serviceAccountKey.privateKey,
    },
    serviceClusterIpRange: "10.96.0.0/16",
    serviceNodePortRange: "30000-32767",
    kubeletClient: undefined,
    maxRequestsInFlight: 400,
    maxMutatingRequestsInFlight: 200,
    requestTimeoutMs: 60_000,
    eventTtlSeconds: 3600,
    ...overrides,
  });
  await server.ready;
  const url = `https://127.0.0.1:${server.port}`;
  const accessFor = (pair: CertificateKeyPair): ClusterAccess => ({
    server: url,
    ca: authority.certificate,
    clientCertificate: { cert: pair.certificate, key: pair.key },
  });
  const access = accessFor(admin);
  const client = createApiClient(access, { userAgent: "test", clock: systemClock });
  return {
    url,
    port: server.port,
    access,
    client,
    authority,
    admin,
    server,
    accessOf: async (user, groups = []) =>
      accessFor(await issueCertificate(authority, { commonName: user, organizations: groups, usages: ["client"] })),
    kubeconfig: () => kubeconfigText(access),
    stop: async () => {
      await client.close();
      await server.stop();
    },
  };
}
