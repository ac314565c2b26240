import type { Clock } from "../shared/process/clock.ts";
import type { Logger } from "../shared/process/logger.ts";
import type { FrontProxyOptions } from "./authentication/front-proxy.ts";
import type { AuthorizationMode } from "./authorization/modes.ts";
import type { AnyStrategy } from "./registry/strategy.ts";
import type { Storage } from "./storage/storage.ts";

/** Everything an apiserver process is started with; PEM texts, not file names. */
export interface ApiServerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Opened; `run` closes it at its end. */
  readonly storage: Storage;
  readonly bindAddress: string;
  /** 0: any free one. */
  readonly securePort: number;
  /** Where others reach this server; a name or an address. */
  readonly advertiseAddress: string;
  /** Nothing: plain HTTP. No flag leads there. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** Of client certificates; without it they are not asked for. */
  readonly clientCa: string | undefined;
  readonly serviceAccounts: {
    readonly issuers: readonly string[];
    readonly audiences: readonly string[];
    /** PEM of all keys whose tokens are accepted. */
    readonly verificationKeys: readonly string[];
    readonly signingKey: string;
    /** Where others find our public keys; on this server when left out. */
    readonly jwksUri?: string | undefined;
    /** Yes when left out. */
    readonly isExpirationExtended?: boolean;
    readonly maxExpirationSeconds?: number | undefined;
  };
  /** Whether requests without credentials are `system:anonymous`; yes when left out. */
  readonly isAnonymousAllowed?: boolean;
  /** Text of `--token-auth-file`. */
  readonly staticTokens?: string | undefined;
  /** Whether Secrets of bootstrap tokens are credentials; no when left out. */
  readonly areBootstrapTokensAllowed?: boolean;
  readonly frontProxy?: FrontProxyOptions | undefined;
  /** Node and RBAC when left out. */
  readonly authorizationModes?: readonly AuthorizationMode[];
  readonly serviceClusterIpRange: string;
  readonly serviceNodePortRange: string;
  /** How the server reaches kubelets. */
  readonly kubeletClient:
    | { readonly cert: string; readonly key: string; readonly certificateAuthority: string | undefined }
    | undefined;
  readonly maxRequestsInFlight: number;
  readonly maxMutatingRequestsInFlight: number;
  readonly requestTimeoutMs: number;
  /** Watches without a time of their own end after one to two times this; upstream's default when left out. */
  readonly minRequestTimeoutMs?: number;
  /** How often old history is forgotten, 0 for never; upstream's default when left out. */
  readonly compactionIntervalMs?: number;
  /** How long requests are taken as before while `/readyz` fails already, at a stop; not at all when left out. */
  readonly shutdownDelayMs?: number;
  readonly eventTtlSeconds: number;
  /** Threads that may serve at a time; one when left out. */
  readonly servingThreads?: number;
  /** The built-in ones when left out; given ones are served by one thread only. */
  readonly strategies?: readonly AnyStrategy[];
}
