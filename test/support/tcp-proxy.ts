/** A TCP proxy that a test can cut: at once, or after so many bytes have come from the server. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface TcpProxy {
  readonly port: number;
  /** Bytes from the server to clients so far. */
  readonly bytesFromServer: number;
  readonly connections: number;
  /** Breaks all connections; new ones are refused until `open`. */
  shut(): void;
  open(): void;
  /** Breaks all connections that exist; new ones are welcome. */
  cut(): void;
  /** Breaks all connections as soon as so many more bytes came from the server. */
  cutAfter(bytes: number): Promise<void>;
  close(): Promise<void>;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let isOpen = true;
  let bytesFromServer = 0;
  let connections = 0;
  let cutAt: { readonly bytes: number; readonly done: () => void } | undefined;
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  const server = createServer((client) => {
    if (!isOpen) return void client.destroy();
    connections++;
    const upstream = connect(targetPort, "127.0.0.1");
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    client.pipe(upstream);
    upstream.on("data", (chunk: Buffer) => {
      bytesFromServer += chunk.length;
      if (cutAt !== undefined && bytesFromServer >= cutAt.bytes) {
        const { done } = cutAt;
        cutAt = undefined;
        // What came before the cut arrives: the client must make the best of half an answer.
        client.write(chunk, () => {
          cut();
          done();
        });
        return;
      }
      if (!client.write(chunk)) {
        upstream.pause();
        client.once("drain", () => upstream.resume());
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    get bytesFromServer() {
      return bytesFromServer;
    },
    get connections() {
      return connections;
    },
    shut: () => {
      isOpen = false;
      cut();
    },
    open: () => {
      isOpen = true;
    },
    cut,
    cutAfter: (bytes) =>
      new Promise((done) => {
        cutAt = { bytes: bytesFromServer + bytes, done };
      }),
    close: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
