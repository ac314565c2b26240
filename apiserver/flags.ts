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
  "sqlite-file": { type: "string", help: "File of the database, for sqlite" },
  "tls-cert-file": { type: "string", help: "Certificate to serve with" },
  "tls-private-key-file": { type: "string", help: "Key of the certificate" },
  "client-ca-file": { type: "string", help: "CA of client certificates" },
  "authorization-mode": {
    type: "list",
    help: "Who may do what: of AlwaysAllow, AlwaysDeny, Node, RBAC; Node,RBAC when left out",
  },
  "service-account-issuer": { type: "list", help: "Issuer of ServiceAccount tokens; the first one signs" },
  "api-audiences": { type: "list", help: "Audiences of the API; the issuers when left out" },
  "service-account-key-file": { type: "list", help: "Public keys that ServiceAccount tokens are checked with" },
  "service-account-signing-key-file": { type: "string", help: "Private key that signs ServiceAccount tokens" },
  "service-cluster-ip-range": { type: "string", default: "10.0.0.0/24", help: "Range of ClusterIPs" },
  "service-node-port-range": { type: "string", default: "30000-32767", help: "Range of node ports" },
  "kubelet-client-certificate": { type: "string", help: "Client certificate for kubelets" },
  "kubelet-client-key": { type: "string", help: "Key of that certificate" },
  "kubelet-certificate-authority": { type: "string", help: "CA of kubelets' certificates" },
  "max-requests-inflight": { type: "number", default: 400, help: "Reads at a time" },
  "max-mutating-requests-inflight": { type: "number", default: 200, help: "Writes at a time" },
  "request-timeout": { type: "duration", default: "60s", help: "Longest request that is not a watch or a stream" },
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
  "anonymous-auth",
  "disable-admission-plugins",
  "enable-admission-plugins",
  "enable-aggregator-routing",
  "enable-bootstrap-token-auth",
  "enable-priority-and-fairness",
  "endpoint-reconciler-type",
  "feature-gates",
  "kubelet-preferred-address-types",
  "min-request-timeout",
  "profiling",
  "proxy-client-cert-file",
  "proxy-client-key-file",
  "requestheader-allowed-names",
  "requestheader-client-ca-file",
  "requestheader-extra-headers-prefix",
  "requestheader-group-headers",
  "requestheader-username-headers",
  "runtime-config",
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
  const isAny = bound === "0.0.0.0" || bound === "::";
  return flags["advertise-address"] ?? (isAny ? defaultAddress() : bound);
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
  const issuers = flags["service-account-issuer"];
  if (issuers.length === 0) throw new FlagError("--service-account-issuer is required");
  return {
    clock,
    logger,
    storage,
    bindAddress: flags["bind-address"],
    securePort: flags["secure-port"],
    advertiseAddress: advertised(flags),
    tls: { cert: needFile(flags, "tls-cert-file"), key: needFile(flags, "tls-private-key-file") },
    clientCa: readFileOf(flags, "client-ca-file"),
    serviceAccounts: {
      issuers,
      audiences: flags["api-audiences"],
      verificationKeys: readAll(flags["service-account-key-file"]),
      signingKey: needFile(flags, "service-account-signing-key-file"),
    },
    ...authorizationModes(flags),
    serviceClusterIpRange: flags["service-cluster-ip-range"],
    serviceNodePortRange: flags["service-node-port-range"],
    kubeletClient: kubeletClient(flags),
    maxRequestsInFlight: flags["max-requests-inflight"],
    maxMutatingRequestsInFlight: flags["max-mutating-requests-inflight"],
    requestTimeoutMs: flags["request-timeout"],
    eventTtlSeconds: Math.ceil(flags["event-ttl"] / 1000),
    servingThreads: flags["serving-threads"],
  };
}
