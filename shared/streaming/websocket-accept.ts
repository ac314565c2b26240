/**
 * Server side of WebSocket handshakes with the subprotocols of Kubernetes. One of them, `SPDY/3.1+portforward.k8s.io`,
 * is not a token of RFC 6455, and the `ws` package refuses it: it travels under an alias inside this process.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";

const PROTOCOL_HEADER = "sec-websocket-protocol";

const aliasOf = (protocol: string): string => protocol.replaceAll("/", ".");

export interface AcceptedWebSocket {
  readonly socket: WebSocket;
  /** What was negotiated, by its real name; empty when the client offered nothing. */
  readonly protocol: string;
}

/**
 * Accepts upgrades with the first of the client's subprotocols that is in `protocols`. A bad handshake is answered
 * with 400 and rejects.
 */
export function createWebSocketAcceptor(
  protocols: readonly string[],
): (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<AcceptedWebSocket> {
  const byAlias = new Map(protocols.map((protocol) => [aliasOf(protocol), protocol]));
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    handleProtocols: (offered) => [...offered].find((name) => byAlias.has(name)) ?? false,
  });
  server.on("headers", (headers) => {
    headers.forEach((line, index) => {
      const match = /^Sec-WebSocket-Protocol: (.*)$/i.exec(line);
      if (match !== null) headers[index] = `Sec-WebSocket-Protocol: ${byAlias.get(match[1] ?? "") ?? match[1]}`;
    });
  });
  return (request, socket, head) => {
    const offered = request.headers[PROTOCOL_HEADER];
    if (offered !== undefined) request.headers[PROTOCOL_HEADER] = aliasOf(offered);
    return new Promise((resolve, reject) => {
      socket.once("close", () => reject(new Error("the client left during the handshake")));
      server.handleUpgrade(request, socket, head, (accepted) =>
        resolve({ socket: accepted, protocol: byAlias.get(accepted.protocol) ?? accepted.protocol }),
      );
    });
  };
}
