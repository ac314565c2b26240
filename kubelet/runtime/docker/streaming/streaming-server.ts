/**
 * The Docker runtime's streaming server: the Engine's API has hijacked connections, the kubelet's server wants URLs
 * that speak SPDY, as CRI runtimes give them. On the loopback only. Upstream: `k8s.io/kubelet/pkg/cri/streaming`.
 *
 * T1. A URL carries a token that cannot be guessed; it works once, and only for a minute.
 */
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "../../../../shared/process/clock.ts";
import {
  acceptSpdyUpgrade,
  chooseProtocol,
  isSpdyUpgrade,
  offeredProtocols,
} from "../../../../shared/streaming/spdy/upgrade.ts";
import { RuntimeCallError } from "../../runtime-error.ts";

/** Serves one connection after its upgrade. */
export type ServeStream = (transport: Duplex, protocol: string) => Promise<void>;

interface Ticket {
  readonly protocols: readonly string[];
  readonly serve: ServeStream;
  readonly expiresAtMs: number;
}

const TICKET_VALID_MS = 60_000;
/** The kubelet fetches a URL right before it uses it. */
const TICKETS_MAX = 1000;
const TOKEN_BYTES = 24;

export class StreamingServer {
  readonly #clock: Clock;
  readonly #tickets = new Map<string, Ticket>();
  readonly #transports = new Set<Duplex>();
  #server: Promise<{ server: Server; port: number }> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A URL at which `serve` gets the next connection; starts listening with the first one. */
  async urlFor(protocols: readonly string[], serve: ServeStream): Promise<string> {
    this.#server ??= this.#listen();
    const { port } = await this.#server;
    this.#dropExpired();
    if (this.#tickets.size >= TICKETS_MAX) throw new RuntimeCallError("other", "too many streams wait to be opened");
    const token = randomBytes(TOKEN_BYTES).toString("base64url");
    this.#tickets.set(token, { protocols, serve, expiresAtMs: this.#clock.monotonicMs() + TICKET_VALID_MS });
    return `http://127.0.0.1:${port}/stream/${token}`;
  }

  close(): void {
    this.#tickets.clear();
    for (const transport of this.#transports) transport.destroy();
    void this.#server?.then(({ server }) => server.close());
  }

  #dropExpired(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [token, { expiresAtMs }] of this.#tickets) if (expiresAtMs < nowMs) this.#tickets.delete(token);
  }

  #listen(): Promise<{ server: Server; port: number }> {
    const server = createServer((_request, response) => {
      response.writeHead(404).end();
    });
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on("error", () => undefined);
      if (head.length > 0) socket.unshift(head);
      this.#accept(request, socket);
    });
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        resolve({ server, port: typeof address === "object" && address !== null ? address.port : 0 });
      });
      server.unref();
    });
  }

  #accept(request: IncomingMessage, socket: Duplex): void {
    this.#dropExpired();
    const token = (request.url ?? "").replace(/^\/stream\//, "");
    const ticket = this.#tickets.get(token);
    if (ticket === undefined || !isSpdyUpgrade(request)) return refuse(socket, "404 Not Found");
    const protocol = chooseProtocol(offeredProtocols(request), ticket.protocols, ticket.protocols.at(-1) ?? "");
    if (protocol === undefined) return refuse(socket, "403 Forbidden");
    this.#tickets.delete(token);
    this.#transports.add(socket);
    socket.once("close", () => this.#transports.delete(socket));
    acceptSpdyUpgrade(socket, protocol);
    ticket.serve(socket, protocol).catch(() => socket.destroy());
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
