/**
 * The TLS listener (HTTP/1.1): makes a `RequestState` of each request and upgrade and hands it to the chain.
 *
 * H1  Every request that was parsed is answered or its connection is destroyed; nothing that a client sends throws.
 * H2  After `stop` began no new request is accepted; running ones get `STOP_GRACE_MS`, watches are ended at once.
 */
import { randomUUID } from "node:crypto";
import { createServer as createPlainServer, type IncomingMessage, type Server, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { SecureContextOptions, TlsOptions } from "node:tls";
import { StatusError } from "../../shared/errors/status-error.ts";
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import { answerBrokenRequest } from "./broken-request.ts";
import { claimPort } from "./port-probe.ts";
import { ReconnectBudget } from "./reconnect-budget.ts";
import type { RequestHandler } from "./filter.ts";
import { isLongRunning } from "./long-running.ts";
import type { InFlight } from "./in-flight.ts";
import type { UpgradeRequest } from "./request-context.ts";
import { RequestState } from "./request-state.ts";

/** Longest wait for running requests at a stop. */
const STOP_GRACE_MS = 10_000;
/** What was answered may be on its way still; a client that takes nothing is not waited for. */
const STOP_FLUSH_MS = 1000;
/** Idle keep-alive connections: longer than what clients reuse within (Go: 90 s). */
const KEEP_ALIVE_MS = 120_000;
/** Time for a whole request head; a body's time is the request timeout's. */
const HEADERS_TIMEOUT_MS = 20_000;
const TLS_HANDSHAKE_TIMEOUT_MS = 10_000;
/** Tokens and long selectors live in the head. */
const HEADER_BYTES_MAX = 256 * 1024;
/** Half-open connections are noticed by TCP keep-alive probes. */
const TCP_KEEP_ALIVE_MS = 30_000;
const UPGRADES = /^(?:websocket|spdy\/3\.1)$/iu;

export interface ApiHttpServerOptions {
  readonly address: string;
  readonly port: number;
  /**
   * Server certificate and key; `ca` is what client certificates are checked against. Nothing: plain HTTP, for
   * measurements and for somebody in front who ends TLS.
   */
  readonly tls: (Pick<SecureContextOptions, "cert" | "key" | "ca"> & Pick<TlsOptions, "ticketKeys">) | undefined;
  readonly handler: RequestHandler;
  readonly inFlight: InFlight;
  readonly requestTimeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Several threads listen on the port: the first one claims it, the others join. */
  readonly sharing?: "first" | "joins";
  /** Called when a request has arrived, before anything looks at it. */
  readonly beforeRequest?: () => void;
}

export class ApiHttpServer {
  readonly #options: ApiHttpServerOptions;
  readonly #server: Server;
  /** Every TCP connection: Node's server forgets those that are upgraded or still shake hands. */
  readonly #connections = new Set<Socket>();
  /** Those that requests come over: of TLS where there is TLS. */
  readonly #established = new Set<Socket>();
  readonly #reconnects: ReconnectBudget;
  readonly #beforeRequest: () => void;
  #isStopping = false;

  constructor(options: ApiHttpServerOptions) {
    this.#options = options;
    this.#reconnects = new ReconnectBudget(() => options.clock.monotonicMs());
    this.#beforeRequest = options.beforeRequest ?? (() => undefined);
    this.#server = createListener(options);
    this.#server.on("connection", (socket: Socket) => {
      this.#connections.add(socket);
      socket.once("close", () => this.#connections.delete(socket));
    });
    const established = options.tls === undefined ? "connection" : "secureConnection";
    this.#server.on(established, (socket: Socket) => {
      this.#reconnects.note(socket);
      this.#established.add(socket);
      socket.once("close", () => this.#established.delete(socket));
    });
    this.#server.on("request", (request, response) => this.#serve(request, response));
    this.#server.on("upgrade", (request, socket, head) => this.#serveUpgrade(request, socket, head));
    this.#server.on("clientError", answerBrokenRequest);
    this.#server.on("tlsClientError", (err) => options.logger.debug({ err }, "TLS handshake failed"));
  }

  /** Resolves to the port; rejects when somebody else has it. */
  async listen(): Promise<number> {
    const { port, address: host, sharing } = this.#options;
    if (sharing === "first") await claimPort(port, host);
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ port, host, reusePort: sharing !== undefined }, () => {
        this.#server.off("error", reject);
        this.#server.on("error", (err) => this.#options.logger.error({ err }, "listener failed"));
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** Asks the clients of all present connections to connect anew, a few at a time: another thread listens too. */
  spread(): void {
    this.#reconnects.ask();
  }

  /** Ends watches, waits for the other requests, then closes what is left. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    const { inFlight, clock } = this.#options;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    for (const state of inFlight.longRunning)
      state.abort(new StatusError("ServiceUnavailable", "the server is stopping"));
    const waited = new AbortController();
    await Promise.race([inFlight.idle(), clock.sleep(STOP_GRACE_MS, waited.signal)]);
    // The end of an answer may wait in its socket: it goes out before the connection ends.
    for (const socket of this.#established) socket.destroySoon();
    await Promise.race([closed, clock.sleep(STOP_FLUSH_MS, waited.signal)]);
    waited.abort();
    for (const socket of this.#connections) socket.destroy();
    await closed;
  }

  #newState(request: IncomingMessage, response: ServerResponse, upgrade?: UpgradeRequest): RequestState {
    // A stream error without a listener would end the process (H1); its effect is seen as `close`.
    request.on("error", () => undefined);
    response.on("error", () => undefined);
    const nowMs = this.#options.clock.nowMs();
    const state = new RequestState(request, response, { nowMs, newAuditId: randomUUID, ...(upgrade && { upgrade }) });
    if (this.#isStopping || this.#isToMove(state)) response.setHeader("Connection", "close");
    return state;
  }

  #isToMove({ request, info, upgrade }: RequestState): boolean {
    if (upgrade !== undefined || isLongRunning(info)) return false;
    return this.#reconnects.isLast(request.socket);
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    this.#run(this.#newState(request, response));
  }

  #serveUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const response = new ServerResponse(request);
    let isTaken = false;
    socket.on("error", () => undefined);
    socket.once("close", () => {
      // Nobody else tells a response without a parser that its connection is gone.
      if (!response.destroyed) response.destroy();
      state.abort(new Error("the client closed the connection"));
    });
    response.assignSocket(socket as Socket);
    response.setHeader("Connection", "close");
    response.once("finish", () => {
      if (isTaken) return;
      response.detachSocket(socket as Socket);
      socket.end();
    });
    const take = (): { socket: Duplex; head: Buffer } => {
      isTaken = true;
      response.detachSocket(socket as Socket);
      return { socket, head };
    };
    const state = this.#newState(request, response, { take });
    this.#run(state);
  }

  #run(state: RequestState): void {
    this.#beforeRequest();
    this.#options.handler(state).catch((err: unknown) => {
      this.#options.logger.error({ err, path: state.info.path }, "request handler failed");
      state.response.destroy();
    });
  }
}

function createListener({ tls, requestTimeoutMs }: ApiHttpServerOptions): Server {
  const common = {
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: HEADERS_TIMEOUT_MS,
    // Ours answers first, with a Status; this one only closes what is left of it.
    requestTimeout: requestTimeoutMs + HEADERS_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
    noDelay: true,
    shouldUpgradeCallback: (request: IncomingMessage) => UPGRADES.test(request.headers.upgrade ?? ""),
  };
  if (tls === undefined) return createPlainServer(common);
  return createServer({
    ...common,
    ...tls,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: "TLSv1.2",
    handshakeTimeout: TLS_HANDSHAKE_TIMEOUT_MS,
  });
}
