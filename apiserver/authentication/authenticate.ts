/**
 * Who sends a request: a client certificate, a ServiceAccount token, or nobody (health paths only). As upstream's
 * union of authenticators, one good credential is enough, and a bad one is an error only when no other is good.
 */
import type { IncomingMessage } from "node:http";
import { StatusError } from "../../shared/errors/status-error.ts";
import type { Clock } from "../../shared/process/clock.ts";
import { certificateIdentity } from "./client-certificate.ts";
import { bearerCredential, isAnonymousPath } from "./credentials.ts";
import { ANONYMOUS, type UserInfo } from "./user.ts";

/** Turns a bearer token into a user, or nothing when it is not good. */
export interface TokenAuthenticator {
  authenticateToken(token: string): Promise<UserInfo | undefined>;
}

export interface AuthenticatorOptions {
  readonly clock: Clock;
  /** Without it all bearer tokens are refused. */
  readonly tokens?: TokenAuthenticator | undefined;
}

export interface Authenticator {
  /**
   * The sender, or nothing for a request without credentials to a path that needs some: the caller answers 401 then.
   * Rejects with 401 when the credentials are wrong.
   */
  authenticate(request: IncomingMessage): Promise<UserInfo | undefined>;
}

/** The 401 of missing and of wrong credentials: it does not tell which. */
export function unauthorized(): StatusError {
  return new StatusError("Unauthorized", "Unauthorized");
}

function pathOfUrl(url: string): string {
  const end = url.indexOf("?");
  return end === -1 ? url : url.slice(0, end);
}

export function createAuthenticator({ clock, tokens }: AuthenticatorOptions): Authenticator {
  return {
    authenticate: async (request) => {
      const identity = certificateIdentity(request.socket);
      if (identity.kind === "user" && clock.nowMs() <= identity.notAfterMs) return identity.user;
      const bearer = bearerCredential(request);
      if (bearer.kind === "token") {
        const user = await tokens?.authenticateToken(bearer.token);
        if (user !== undefined) return user;
      }
      if (identity.kind !== "none" || bearer.kind !== "none") throw unauthorized();
      return isAnonymousPath(pathOfUrl(request.url ?? "/")) ? ANONYMOUS : undefined;
    },
  };
}
