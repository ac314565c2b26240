/** Finds what a request authenticates itself with, without judging it. */
import type { IncomingMessage } from "node:http";

const BEARER_SUBPROTOCOL = "base64url.bearer.authorization.k8s.io.";
const BEARER = /^bearer +(\S+)\s*$/i;
const BASE64URL = /^[A-Za-z0-9_-]+={0,2}$/;

export type BearerCredential =
  | { readonly kind: "none" }
  | { readonly kind: "malformed" }
  | { readonly kind: "token"; readonly token: string };

/** WebSocket clients in browsers cannot set headers: they send the token as a subprotocol. */
function subprotocolToken(request: IncomingMessage): BearerCredential {
  const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((protocol) => protocol.trim());
  const bearers = offered.filter((protocol) => protocol.startsWith(BEARER_SUBPROTOCOL));
  const [first] = bearers;
  if (first === undefined) return { kind: "none" };
  const encoded = first.slice(BEARER_SUBPROTOCOL.length);
  if (bearers.length > 1 || !BASE64URL.test(encoded)) return { kind: "malformed" };
  return { kind: "token", token: Buffer.from(encoded, "base64url").toString("utf8") };
}

/** Subprotocols that are left for the handler to negotiate: a credential is never echoed. */
export function withoutBearerProtocols(protocols: readonly string[]): string[] {
  return protocols.filter((protocol) => !protocol.startsWith(BEARER_SUBPROTOCOL));
}

export function bearerCredential(request: IncomingMessage): BearerCredential {
  const header = request.headers.authorization;
  if (header === undefined || header === "") return subprotocolToken(request);
  const token = BEARER.exec(header)?.[1];
  return token === undefined ? { kind: "malformed" } : { kind: "token", token };
}
