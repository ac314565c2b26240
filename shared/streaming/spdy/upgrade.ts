/** The HTTP handshake that turns a connection into SPDY/3.1, both sides. */
import { type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";

export const SPDY_UPGRADE = "SPDY/3.1";
export const PROTOCOL_VERSION_HEADER = "x-stream-protocol-version";

/** True when the client asks for SPDY/3.1. */
export function isSpdyUpgrade(request: IncomingMessage): boolean {
  return (request.headers.upgrade ?? "").toLowerCase() === SPDY_UPGRADE.toLowerCase();
}

/** Protocols that the client offers: the header may be repeated and may hold a list. */
export function offeredProtocols(request: IncomingMessage): string[] {
  const values: string[] = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    if (request.rawHeaders[index]?.toLowerCase() === PROTOCOL_VERSION_HEADER)
      values.push(request.rawHeaders[index + 1] ?? "");
  }
  return values
    .flatMap((value) => value.split(","))
    .map((value) => value.trim())
    .filter((value) => value !== "");
}

/** The first offered protocol that is supported. A client that offers none gets the oldest, by `fallback`. */
export function chooseProtocol(
  offered: readonly string[],
  supported: readonly string[],
  fallback: string,
): string | undefined {
  return offered.length === 0 ? fallback : offered.find((name) => supported.includes(name));
}

/** Answers 101; SPDY frames follow at once. */
export function acceptSpdyUpgrade(socket: Duplex, protocol: string | undefined): void {
  const negotiated = protocol === undefined ? "" : `X-Stream-Protocol-Version: ${protocol}\r\n`;
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${SPDY_UPGRADE}\r\n${negotiated}\r\n`,
  );
}

export interface DialedSpdy {
  readonly socket: Duplex;
  readonly protocol: string | undefined;
}

export interface DialSpdyOptions {
  readonly protocols: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly timeoutMs: number;
}

const REFUSAL_BYTES_MAX = 4096;

/** Asks `url` for an upgrade; rejects with the server's text when it refuses. */
export function dialSpdy(url: string, options: DialSpdyOptions): Promise<DialedSpdy> {
  return new Promise((resolve, reject) => {
    const start = url.startsWith("https:") ? httpsRequest : httpRequest;
    const request: ClientRequest = start(url, {
      method: "POST",
      agent: false,
      timeout: options.timeoutMs,
      ...options.tls,
      headers: {
        ...options.headers,
        connection: "Upgrade",
        upgrade: SPDY_UPGRADE,
        "x-stream-protocol-version": [...options.protocols],
        "content-length": "0",
      },
    });
    request.on("error", reject);
    request.on("timeout", () => request.destroy(new Error("no answer to the upgrade request")));
    request.on("upgrade", (response, socket, head) => {
      socket.setTimeout(0);
      if (head.length > 0) socket.unshift(head);
      const header = response.headers[PROTOCOL_VERSION_HEADER];
      resolve({ socket, protocol: Array.isArray(header) ? header[0] : header });
    });
    request.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        if (text.length < REFUSAL_BYTES_MAX) text += chunk;
      });
      response.on("end", () =>
        reject(new Error(`unable to upgrade connection: ${text.trim() || `status ${response.statusCode}`}`)),
      );
    });
    request.end();
  });
}
