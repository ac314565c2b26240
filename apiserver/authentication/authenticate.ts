/**
 * Who sends a request: a front proxy's caller, a client certificate, a bearer token, or nobody. As upstream's union of
 * authenticators, one good credential is enough, and a bad one is an error only when no other is good.
 */
import type { IncomingMessage } from "node:http";
import { StatusError } from "../../shared/errors/status-error.ts";
import type { Clock } from "../../shared/process/clock.ts";
import { type ClientAuthorities, createCertificateReader } from "./client-certificate.ts";
import { bearerCredential } from "./credentials.ts";
import { createFrontProxy, type FrontProxyOptions } from "./front-proxy.ts";
import type { TokenAuthenticator } from "./token-authenticator.ts";
import { ANONYMOUS, type UserInfo } from "./user.ts";

export interface AuthenticatorOptions {
  readonly clock: Clock;
  /** Without it all bearer tokens are refused. */
  readonly tokens?: TokenAuthenticator | undefined;
  /** `--anonymous-auth`: whether requests without credentials are `system:anonymous`. */
  readonly isAnonymousAllowed: boolean;
  /** PEM of `--client-ca-file`. */
  readonly clientCa?: string | undefined;
  readonly frontProxy?: FrontProxyOptions | undefined;
}

export interface Authenticator {
  /**
   * The sender, or nothing for a request without credentials when some are needed: the caller answers 401 then.
   * Rejects with 401 when the credentials are wrong.
   */
  authenticate(request: IncomingMessage): Promise<UserInfo | undefined>;
}

/** The 401 of missing and of wrong credentials: it does not tell which. */
function unauthorized(): StatusError {
  return new StatusError("Unauthorized", "Unauthorized");
}

type Connection = "none" | "bad" | { readonly user: UserInfo };

/** What the connection's certificate, and a proxy's headers, say about the sender. */
function connectionReader({ clock, clientCa, frontProxy }: AuthenticatorOptions) {
  const authorities: ClientAuthorities = { users: clientCa, frontProxies: frontProxy?.clientCa };
  const identityOf = createCertificateReader(authorities);
  const proxy = frontProxy === undefined ? undefined : createFrontProxy(frontProxy);
  return (request: IncomingMessage): Connection => {
    const identity = identityOf(request.socket);
    if (identity.kind === "none") return "none";
    if (identity.kind === "rejected" || clock.nowMs() > identity.notAfterMs) return "bad";
    if (identity.kind === "user") return identity;
    const user = proxy?.isAllowed(identity.commonName) === true ? proxy.takeUser(request) : undefined;
    const sender = user ?? identity.user;
    return sender === undefined ? "bad" : { user: sender };
  };
}

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { tokens, isAnonymousAllowed } = options;
  const readConnection = connectionReader(options);
  return {
    authenticate: async (request) => {
      const connection = readConnection(request);
      if (typeof connection === "object") return connection.user;
      const bearer = bearerCredential(request);
      if (bearer.kind === "token") {
        const verdict = await tokens?.authenticateToken(bearer.token, []);
        if (verdict?.kind === "user") return verdict.user;
      }
      if (connection !== "none" || bearer.kind !== "none") throw unauthorized();
      return isAnonymousAllowed ? ANONYMOUS : undefined;
    },
  };
}
