/** Repeats one GET over some connections with next to no work of its own: what a client costs is missing elsewhere. */
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { BENCH_TOKEN } from "../servers/setup.ts";
import type { ServerAddress } from "./measured-server.ts";

const HEAD_END = "\r\n\r\n";
const LENGTH = /\r\ncontent-length: (\d+)/iu;

/** Answers a second, over so many connections for that long. A connection that the server ends is made again. */
export async function answersPerSecond(
  address: ServerAddress,
  path: string,
  connections: number,
  durationMs: number,
): Promise<number> {
  let answers = 0;
  let isOver = false;
  const open = new Set<Socket>();
  const text = `GET ${path} HTTP/1.1\r\nHost: bench\r\n${address.isPlain ? `Authorization: Bearer ${BENCH_TOKEN}\r\n` : ""}\r\n`;
  const begin = (): void => {
    const socket = connectTo(address);
    open.add(socket);
    let left = 0;
    socket.write(text);
    socket.on("data", (chunk: Buffer) => {
      if (left === 0) {
        // Heads are short: one never comes in two pieces here.
        const end = chunk.indexOf(HEAD_END);
        left = Number(LENGTH.exec(chunk.toString("latin1", 0, end))?.[1]) + end + HEAD_END.length;
      }
      left -= chunk.length;
      if (left > 0) return;
      answers++;
      if (!isOver) socket.write(text);
    });
    socket.on("error", () => undefined);
    socket.once("close", () => {
      open.delete(socket);
      if (!isOver) begin();
    });
  };
  for (let count = 0; count < connections; count++) begin();
  const start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, durationMs));
  const perSecond = (answers * 1000) / (performance.now() - start);
  isOver = true;
  for (const socket of open) socket.destroy();
  return perSecond;
}

function connectTo({ port, isPlain, ca, cert, key }: ServerAddress): Socket {
  return isPlain ? connectPlain(port, "127.0.0.1") : connectTls({ port, host: "127.0.0.1", ca, cert, key });
}
