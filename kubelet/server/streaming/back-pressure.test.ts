/**
 * A slow end of a stream holds the other end up: what waits in between stays small, and nothing of it is lost. Whether
 * somebody is held up is seen by its bytes not getting on any more.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { systemClock } from "../../../shared/process/clock.ts";
import { silentLogger } from "../../../shared/process/logger.ts";
import { exitStatus } from "../../../shared/streaming/remote-command.ts";
import { acceptSpdyUpgrade, dialSpdy } from "../../../shared/streaming/spdy/upgrade.ts";
import { openSpdyRemoteCommand, serveSpdyRemoteCommand } from "../../../shared/streaming/spdy-remote-command.ts";
import { createStreamingUpgrades } from "./streaming-upgrades.ts";

const CHUNK = Buffer.alloc(64 * 1024, "x");
const TOTAL = 1024 * CHUNK.length;
/** Buffers of two sockets and of the streams between: far from `TOTAL`. */
const HELD_UP_BYTES_MAX = TOTAL / 2;
const both = { stdin: true, stdout: true, stderr: false, tty: false } as const;

/** An end to waiting, not a speed. */
const WAIT_MS = 30_000;

const servers: Server[] = [];

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** What the command behind the runtime does with its streams. */
interface Command {
  readonly stdin: Readable;
  readonly stdout: Writable;
  finish(): void;
}

/** A kubelet's streaming server before a runtime whose command is `run`; gives its port. */
async function kubeletBefore(run: (command: Command) => void): Promise<number> {
  const runtime = createServer();
  runtime.on("upgrade", (_request, socket) => {
    acceptSpdyUpgrade(socket, "v4.channel.k8s.io");
    void serveSpdyRemoteCommand(socket, "v4.channel.k8s.io", both, systemClock).then((session) => {
      const { stdin, stdout } = session;
      if (stdin === undefined || stdout === undefined) throw new Error("both streams were asked for");
      run({ stdin, stdout, finish: () => void session.finish(exitStatus(0)) });
    });
  });
  const port = await listen(runtime);
  const upgrade = createStreamingUpgrades({
    runtime: {
      execUrl: () => Promise.resolve(`http://127.0.0.1:${port}/exec`),
      attachUrl: () => Promise.reject(new Error("not asked for here")),
      portForwardUrl: () => Promise.reject(new Error("not asked for here")),
    },
    findContainer: () => Promise.resolve("id"),
    findSandbox: () => Promise.resolve("sandbox"),
    clock: systemClock,
    logger: silentLogger,
  });
  const kubelet = createServer();
  kubelet.on("upgrade", (request, socket, head) => void upgrade(request, socket, head));
  return listen(kubelet);
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** Waits until a count has stopped growing, and gives it. */
async function settled(count: () => number): Promise<number> {
  for (let last = -1; ; ) {
    await sleep(200);
    const now = count();
    if (now === last && now > 0) return now;
    last = now;
  }
}

/** Writes `TOTAL` bytes as fast as the stream takes them. */
async function flood(to: Writable, onWritten: (bytes: number) => void): Promise<void> {
  for (let written = 0; written < TOTAL; written += CHUNK.length) {
    if (!to.write(CHUNK)) await once(to, "drain");
    onWritten(written + CHUNK.length);
  }
}

const query = "command=x&input=1&output=1";

describe("a command that writes more than its client reads", () => {
  it(
    "waits for a client over SPDY, and then loses nothing",
    async () => {
      let written = 0;
      const port = await kubeletBefore(({ stdout, finish }) => {
        void flood(stdout, (bytes) => (written = bytes)).then(finish);
      });
      const url = `http://127.0.0.1:${port}/exec/ns/pod/box?${query}`;
      const { socket, protocol } = await dialSpdy(url, { protocols: ["v4.channel.k8s.io"], timeoutMs: 5000 });
      const client = await openSpdyRemoteCommand(socket, protocol ?? "", both);
      expect(await settled(() => written)).toBeLessThan(HELD_UP_BYTES_MAX);
      let read = 0;
      client.stdout?.on("data", (chunk: Buffer) => (read += chunk.length));
      expect(await client.status).toEqual(exitStatus(0));
      expect(read).toBe(TOTAL);
      client.close();
    },
    WAIT_MS,
  );

  it(
    "waits for a client over WebSocket, and then loses nothing",
    async () => {
      let written = 0;
      const port = await kubeletBefore(({ stdout, finish }) => {
        void flood(stdout, (bytes) => (written = bytes)).then(finish);
      });
      const client = new WebSocket(`ws://127.0.0.1:${port}/exec/ns/pod/box?${query}`, "v5.channel.k8s.io");
      await once(client, "open");
      client.pause();
      expect(await settled(() => written)).toBeLessThan(HELD_UP_BYTES_MAX);
      let read = 0;
      client.on("message", (data: Buffer) => {
        if (data[0] === 1) read += data.length - 1;
      });
      client.resume();
      await once(client, "close");
      expect(read).toBe(TOTAL);
    },
    WAIT_MS,
  );
});

describe("a command that reads less than its client sends", () => {
  it.each(["SPDY", "WebSocket"])(
    "holds a client over %s up, and then reads everything",
    async (transport) => {
      let start: () => void = () => undefined;
      const begin = new Promise<void>((resolve) => (start = resolve));
      let read = 0;
      const port = await kubeletBefore(({ stdin, stdout, finish }) => {
        void begin.then(() => stdin.on("data", (chunk: Buffer) => (read += chunk.length)));
        stdin.on("end", () => {
          stdout.end(String(read));
          finish();
        });
      });
      const url = `127.0.0.1:${port}/exec/ns/pod/box?${query}`;
      let sent = 0;
      if (transport === "SPDY") {
        const { socket, protocol } = await dialSpdy(`http://${url}`, {
          protocols: ["v4.channel.k8s.io"],
          timeoutMs: 5000,
        });
        const client = await openSpdyRemoteCommand(socket, protocol ?? "", both);
        const { stdin } = client;
        if (stdin === undefined) throw new Error("stdin was asked for");
        const all = flood(stdin, (bytes) => (sent = bytes)).then(() => stdin.end());
        expect(await settled(() => sent)).toBeLessThan(HELD_UP_BYTES_MAX);
        start();
        await all;
        expect(await client.status).toEqual(exitStatus(0));
        client.close();
      } else {
        const client = new WebSocket(`ws://${url}`, "v5.channel.k8s.io");
        await once(client, "open");
        const send = (bytes: Buffer): Promise<void> =>
          new Promise((resolve, reject) =>
            client.send(bytes, (err) => (err instanceof Error ? reject(err) : resolve())),
          );
        const all = (async (): Promise<void> => {
          for (; sent < TOTAL; sent += CHUNK.length) await send(Buffer.concat([Buffer.from([0]), CHUNK]));
          await send(Buffer.from([255, 0]));
        })();
        expect(await settled(() => sent)).toBeLessThan(HELD_UP_BYTES_MAX);
        start();
        await all;
        await once(client, "close");
      }
      expect(read).toBe(TOTAL);
    },
    WAIT_MS,
  );
});
