import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { UserInfo } from "../authentication/user.ts";

/** What the URL and the method ask for (apiserver `pkg/endpoints/request`, RequestInfo). */
export interface RequestInfo {
  readonly isResourceRequest: boolean;
  readonly path: string;
  /** `get list watch create update patch delete deletecollection`, or the HTTP method in lower case. */
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  /** Plural of the resource. */
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** Path after the subresource, for proxies; starts with `/` or is empty. */
  readonly trailingPath: string;
}

/** A connection that the client asked to upgrade (WebSocket, SPDY). */
export interface UpgradeRequest {
  /**
   * Hands the raw connection over, with the bytes that came after the request. From then on the caller owns the
   * socket and writes the `101` itself; nothing may be written to `response` any more. Errors before `take` are
   * answered as on any other request.
   */
  take(): { readonly socket: Duplex; readonly head: Buffer };
}

/** One request on its way through the chain. Filters fill what is still unset, in the order of `chain.ts`. */
export interface RequestContext {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly info: RequestInfo;
  readonly query: URLSearchParams;
  readonly auditId: string;
  /** Set by authentication. */
  user: UserInfo;
  /** Texts of `Warning` headers, sent with the answer. */
  readonly warnings: string[];
  /** Names and values in turn of the headers that every answer has; `beginAnswer` and `sendBytes` write them. */
  readonly answerHeaders: string[];
  /** Aborts when the client went away, the request timed out or the server stops. */
  readonly signal: AbortSignal;
  /** Clock reading when the request arrived. */
  readonly receivedAtMs: number;
  /** Present when the client sent `Connection: Upgrade` for a protocol we know. */
  readonly upgrade?: UpgradeRequest | undefined;
}
