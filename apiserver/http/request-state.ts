import type { IncomingMessage, ServerResponse } from "node:http";
import { badRequest } from "../../shared/errors/status-error.ts";
import { ANONYMOUS, type UserInfo } from "../authentication/user.ts";
import type { RequestContext, RequestInfo, UpgradeRequest } from "./request-context.ts";
import { parseRequestInfo } from "./request-info.ts";

/** What an audit id may look like when a client brings its own. */
const AUDIT_ID = /^[\x21-\x7e]{1,64}$/u;

/** The one `RequestContext` of the server; what is seldom used (signal, query) is made when it is asked for. */
export class RequestState implements RequestContext {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly info: RequestInfo;
  readonly query: URLSearchParams;
  readonly auditId: string;
  readonly warnings: string[] = [];
  readonly answerHeaders: string[] = [];
  readonly receivedAtMs: number;
  readonly upgrade: UpgradeRequest | undefined;
  user: UserInfo = ANONYMOUS;
  /** Set when the URL could not be read: the chain answers with it. */
  readonly urlError: Error | undefined;
  #controller: AbortController | undefined;
  #abortReason: unknown;
  #isAborted = false;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    options: { nowMs: number; newAuditId: () => string; upgrade?: UpgradeRequest },
  ) {
    this.request = request;
    this.response = response;
    this.receivedAtMs = options.nowMs;
    this.upgrade = options.upgrade;
    const brought = request.headers["audit-id"];
    this.auditId = typeof brought === "string" && AUDIT_ID.test(brought) ? brought : options.newAuditId();
    const url = request.url ?? "/";
    const at = url.indexOf("?");
    this.query = new URLSearchParams(at === -1 ? "" : url.slice(at + 1));
    const { path, error } = decodePath(at === -1 ? url : url.slice(0, at));
    this.urlError = error;
    this.info = parseRequestInfo(request.method ?? "GET", path, this.query);
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isAborted) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  /** Ends what the handler is waiting for; later calls do nothing. */
  abort(reason: unknown): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    this.#abortReason = reason;
    this.#controller?.abort(reason);
  }
}

function decodePath(raw: string): { path: string; error?: Error } {
  if (!raw.startsWith("/")) return { path: "/", error: badRequest("the request URI must be a path") };
  if (!raw.includes("%")) return { path: raw };
  try {
    return { path: decodeURIComponent(raw) };
  } catch {
    return { path: "/", error: badRequest("the request path has an invalid URL escape") };
  }
}
