import { readFileSync } from "node:fs";
import { availableParallelism, networkInterfaces } from "node:os";
import type { Clock } from "../shared/process/clock.ts";
import { FlagError, type FlagValues } from "../shared/process/flags.ts";
import type { Logger } from "../shared/process/logger.ts";
import { AUTHORIZATION_MODES, isAuthorizationMode } from "./authorization/modes.ts";
import type { ApiServerOptions } from "./options.ts";
import type { Storage } from "./storage/storage.ts";
import type { StorageOptions } from "./storage/open-storage.ts";

/** Flags of kube-apiserver that are acted on, with upstream's names. */
export const FLAGS = {
  "secure-port": { type: "number", default: 6443, help: "Port to serve HTTPS on" },
  "bind-address": { type: "string", default: "0.0.0.0", help: "Address to listen on" },
  "advertise-address": { type: "string", help: "Address where other machines and pods reach this server" },
  "storage-backend": { type: "string", default: "etcd3", help: "etcd3, sqlite or memory" },
  "etcd-servers": { type: "list", help: "URLs of etcd, for etcd3" },
  "etcd-cafile": { type: "string", help: "CA of etcd's certificate" },
  "etcd-certfile": { type: "string", help: "Client certificate for etcd" },
  "etcd-keyfile": { type: "string", help: "Key of that certificate" },
  "etcd-compaction-interval": { type: "duration", default: "5m", help: "How often old history is forgotten; 0: never" },
  "sqlite-file": { type: "string", help: "File of the database, for sqlite" },
  "tls-cert-file": { type: "string", help: "Certificate to serve with" },
  "tls-private-key-file": { type: "string", help: "Key of the certificate" },
  "client-ca-file": { type: "string", help: "CA of client certificates" },
  "authorization-mode": {
    type: "list",
    help: "Who may do what: of AlwaysAllow, AlwaysDeny, Node, RBAC; Node,RBAC when left out",
  },
  "anonymous-auth": { type: "boolean", default: true, help: "Take requests without credentials for system:anonymous" },
  "token-auth-file": { type: "string", help: "CSV of token, user, uid, groups" },
  "enable-bootstrap-token-auth": { type: "boolean", default: false, help: "Accept the tokens of bootstrap Secrets" },
  "requestheader-client-ca-file": { type: "string", help: "CA of client certificates of front proxies" },
  "requestheader-allowed-names": { type: "list", help: "Common names of front proxies; any when left out" },
  "requestheader-username-headers": { type: "list", help: "Headers with the user's name" },
  "requestheader-uid-headers": { type: "list", help: "Headers with the user's uid" },
  "requestheader-group-headers": { type: "list", help: "Headers with the user's groups" },
  "requestheader-extra-headers-prefix": { type: "list", help: "Prefixes of headers with more about the user" },
  "service-account-issuer": { type: "list", help: "Issuer of ServiceAccount tokens; the first one signs" },
  "api-audiences": { type: "list", help: "Audiences of the API; the issuers when left out" },
  "service-account-key-file": { type: "list", help: "Public keys that ServiceAccount tokens are checked with" },
  "service-account-signing-key-file": { type: "string", help: "Private key that signs ServiceAccount tokens" },
  "service-account-jwks-uri": { type: "string", help: "Where others find the public keys; here when left out" },
  "service-account-extend-token-expiration": {
    type: "boolean",
    default: true,
    help: "Let tokens of pods that asked for none live for a year, for clients that never renew them",
  },
  "service-account-max-token-expiration": { type: "duration", default: "0", help: "Longest life of a token; 0: any" },
  "service-cluster-ip-range": { type: "string", default: "10.0.0.0/24", help: "Range of ClusterIPs" },
  "service-node-port-range": { type: "string", default: "30000-32767", help: "Range of node ports" },
  "kubelet-client-certificate": { type: "string", help: "Client certificate for kubelets" },
  "kubelet-client-key": { type: "string", help: "Key of that certificate" },
  "kubelet-certificate-authority": { type: "string", help: "CA of kubelets' certificates" },
  "max-requests-inflight": { type: "number", default: 400, help: "Reads at a time" },
  "max-mutating-requests-inflight": { type: "number", default: 200, help: "Writes at a time" },
  "request-timeout": { type: "duration", default: "60s", help: "Longest request that is not a watch or a stream" },
  "min-request-timeout": {
    type: "number",
    default: 1800,
    help: "Seconds: a watch that says nothing else ends after one to two times this",
  },
  "shutdown-delay-duration": {
    type: "duration",
    default: "0",
    help: "How long to go on serving after /readyz fails at a stop",
  },
  "event-ttl": { type: "duration", default: "1h", help: "How long events are kept" },
  "serving-threads": {
    type: "number",
    default: availableParallelism(),
    help: "Threads that may serve; further ones are started while the first is busy",
  },
  v: { type: "number", default: 0, help: "Verbosity: 4 and more logs debug messages" },
  version: { type: "boolean", default: false, help: "Print the version and end" },
  help: { type: "boolean", default: false, help: "Print this and end" },
} as const;

/** Upstream's flags that are accepted, so that existing unit files keep working. */
export const TOLERATED: ReadonlySet<string> = new Set([
  "allow-privileged",
  "disable-admission-plugins",
  "enable-admission-plugins",
  "enable-aggregator-routing",
  "enable-priority-and-fairness",
  "endpoint-reconciler-type",
  "feature-gates",
  "kubelet-preferred-address-types",
  "profiling",
  "proxy-client-cert-file",
  "proxy-client-key-file",
  "runtime-config",
  "service-account-lookup",
  "tls-cipher-suites",
  "tls-min-version",
]);

export type ApiServerFlags = FlagValues<typeof FLAGS>;
type FileFlag = {
  [Name in keyof ApiServerFlags]: ApiServerFlags[Name] extends string | undefined ? Name : never;
}[keyof ApiServerFlags];

function readFileOf(flags: ApiServerFlags, name: FileFlag): string | undefined {
  const file = flags[name];
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, "utf8");
  } catch (err) {
    throw new FlagError(`--${name}: ${err instanceof Error ? err.message : String(err)}`);
  }
}

function needFile(flags: ApiServerFlags, name: FileFlag): string {
  const text = readFileOf(flags, name);
  if (text === undefined) throw new FlagError(`--${name} is required`);
  return text;
}

/** The first address of this machine that is not its own loop. */
function defaultAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find((one) => !one.internal && one.family === "IPv4")?.address ?? "127.0.0.1";
}

function advertised(flags: ApiServerFlags): string {
  const bound = flags["bind-address"];
  const isReachable = bound !== "0.0.0.0" && bound !== "::" && bound !== "::1" && !bound.startsWith("127.");
  return flags["advertise-address"] ?? (isReachable ? bound : defaultAddress());
}

export function storageOptions(flags: ApiServerFlags, clock: Clock, logger: Logger): StorageOptions {
  const backend = flags["storage-backend"];
  if (backend !== "etcd3" && backend !== "sqlite" && backend !== "memory") {
    throw new FlagError(`--storage-backend: ${JSON.stringify(backend)} is none of etcd3, sqlite, memory`);
  }
  const [ca, cert, key] = (["etcd-cafile", "etcd-certfile", "etcd-keyfile"] as const).map((name) =>
    readFileOf(flags, name),
  );
  const file = flags["sqlite-file"];
  return {
    backend,
    clock,
    logger,
    etcdServers: flags["etcd-servers"],
    ...(ca === undefined
      ? {}
      : {
          etcdTls: {
            ca: Buffer.from(ca),
            ...(cert && { cert: Buffer.from(cert) }),
            ...(key && { key: Buffer.from(key) }),
          },
        }),
    ...(file === undefined ? {} : { sqliteFile: file }),
  };
}

function kubeletClient(flags: ApiServerFlags): ApiServerOptions["kubeletClient"] {
  const cert = readFileOf(flags, "kubelet-client-certificate");
  const key = readFileOf(flags, "kubelet-client-key");
  if (cert === undefined || key === undefined) return undefined;
  return { cert, key, certificateAuthority: readFileOf(flags, "kubelet-certificate-authority") };
}

function authorizationModes(flags: ApiServerFlags): Pick<ApiServerOptions, "authorizationModes"> {
  const modes = flags["authorization-mode"].filter(isAuthorizationMode);
  const [unknown] = flags["authorization-mode"].filter((mode) => !isAuthorizationMode(mode));
  if (unknown !== undefined) {
    throw new FlagError(`--authorization-mode: "${unknown}" is none of ${AUTHORIZATION_MODES.join(", ")}`);
  }
  return modes.length === 0 ? {} : { authorizationModes: modes };
}

function frontProxy(flags: ApiServerFlags): ApiServerOptions["frontProxy"] {
  const clientCa = readFileOf(flags, "requestheader-client-ca-file");
  if (clientCa === undefined) return undefined;
  return {
    clientCa,
    allowedNames: flags["requestheader-allowed-names"],
    usernameHeaders: flags["requestheader-username-headers"],
    uidHeaders: flags["requestheader-uid-headers"],
    groupHeaders: flags["requestheader-group-headers"],
    extraHeaderPrefixes: flags["requestheader-extra-headers-prefix"],
  };
}

function serviceAccountOptions(flags: ApiServerFlags): ApiServerOptions["serviceAccounts"] {
  const issuers = flags["service-account-issuer"];
  if (issuers.length === 0) throw new FlagError("--service-account-issuer is required");
  const maxExpirationMs = flags["service-account-max-token-expiration"];
  return {
    issuers,
    audiences: flags["api-audiences"],
    verificationKeys: readAll(flags["service-account-key-file"]),
    signingKey: needFile(flags, "service-account-signing-key-file"),
    jwksUri: flags["service-account-jwks-uri"],
    isExpirationExtended: flags["service-account-extend-token-expiration"],
    maxExpirationSeconds: maxExpirationMs === 0 ? undefined : maxExpirationMs / 1000,
  };
}

function readAll(files: readonly string[]): string[] {
  return files.map((file) => readFileSync(file, "utf8"));
}

/** Reads the files that the flags name. Throws `FlagError` for what is missing. */
export function apiServerOptions(
  flags: ApiServerFlags,
  storage: Storage,
  clock: Clock,
  logger: Logger,
): ApiServerOptions {
  return {
    clock,
    logger,
    storage,
    bindAddress: flags["bind-address"],
    securePort: flags["secure-port"],
    advertiseAddress: advertised(flags),
    tls: { cert: needFile(flags, "tls-cert-file"), key: needFile(flags, "tls-private-key-file") },
    clientCa: readFileOf(flags, "client-ca-file"),
    serviceAccounts: serviceAccountOptions(flags),
    isAnonymousAllowed: flags["anonymous-auth"],
    staticTokens: readFileOf(flags, "token-auth-file"),
    areBootstrapTokensAllowed: flags["enable-bootstrap-token-auth"],
    frontProxy: frontProxy(flags),
    ...authorizationModes(flags),
    serviceClusterIpRange: flags["service-cluster-ip-range"],
    serviceNodePortRange: flags["service-node-port-range"],
    kubeletClient: kubeletClient(flags),
    maxRequestsInFlight: flags["max-requests-inflight"],
    maxMutatingRequestsInFlight: flags["max-mutating-requests-inflight"],
    requestTimeoutMs: flags["request-timeout"],
    minRequestTimeoutMs: flags["min-request-timeout"] * 1000,
    compactionIntervalMs: flags["etcd-compaction-interval"],
    shutdownDelayMs: flags["shutdown-delay-duration"],
    eventTtlSeconds: Math.ceil(flags["event-ttl"] / 1000),
    servingThreads: flags["serving-threads"],
  };
}
