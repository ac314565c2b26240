import { once } from "node:events";
import { createServer, type IncomingMessage, request as httpRequest, type Server } from "node:http";
import { Duplex } from "node:stream";
import { WebSocket } from "ws";
import { systemClock } from "../../../shared/process/clock.ts";
import { silentLogger } from "../../../shared/process/logger.ts";
import { serveSpdyPortForward } from "../../../shared/streaming/port-forward.ts";
import { exitStatus } from "../../../shared/streaming/remote-command.ts";
import { createSpdyConnection } from "../../../shared/streaming/spdy/connection.ts";
import { acceptSpdyUpgrade, dialSpdy } from "../../../shared/streaming/spdy/upgrade.ts";
import { openSpdyRemoteCommand, serveSpdyRemoteCommand } from "../../../shared/streaming/spdy-remote-command.ts";
import { HttpRefusal, targetOf } from "./stream-target.ts";
import { createStreamingUpgrades } from "./streaming-upgrades.ts";

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Speaks as containerd's streaming server: `/exec` turns stdin upper-case and exits with 5, `/port` greets. */
function fakeRuntimeServer(): Server {
  const server = createServer();
  server.on("upgrade", (incoming, socket) => {
    if (incoming.url === "/port") {
      acceptSpdyUpgrade(socket, "portforward.k8s.io");
      serveSpdyPortForward(socket, systemClock, (pair) => {
        pair.error.end();
        pair.data.on("data", (chunk: Buffer) => pair.data.end(`hello ${chunk.toString()} from ${pair.port}`));
      });
      return;
    }
    acceptSpdyUpgrade(socket, "v4.channel.k8s.io");
    const request = { stdin: true, stdout: true, stderr: false, tty: incoming.url === "/tty" };
    void serveSpdyRemoteCommand(socket, "v4.channel.k8s.io", request, systemClock).then((session) => {
      session.onResize(({ width, height }) => session.stdout?.write(`${width}x${height}`));
      session.stdin?.on("data", (chunk: Buffer) => session.stdout?.write(chunk.toString().toUpperCase()));
      session.stdin?.on("end", () => void session.finish(exitStatus(5)));
    });
  });
  return server;
}

/** A WebSocket client with the tunnel's subprotocol, which the `ws` package cannot name: frames by hand. */
async function dialTunnel(url: string): Promise<Duplex> {
  const request = httpRequest(url, {
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": Buffer.alloc(16).toString("base64"),
      "sec-websocket-protocol": "SPDY/3.1+portforward.k8s.io",
    },
  }).end();
  const [response, socket] = (await once(request, "upgrade")) as [IncomingMessage, Duplex];
  expect(response.headers["sec-websocket-protocol"]).toBe("SPDY/3.1+portforward.k8s.io");
  let pending = Buffer.alloc(0);
  const tunnel = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      // Small frames with an all-zero mask.
      for (let offset = 0; offset < chunk.length; offset += 100) {
        const part = chunk.subarray(offset, offset + 100);
        socket.write(Buffer.concat([Buffer.from([0x82, 0x80 | part.length, 0, 0, 0, 0]), part]));
      }
      done();
    },
  });
  socket.on("data", (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (let length = pending[1]; length !== undefined && pending.length >= 2 + length; length = pending[1]) {
      if (pending[0] === 0x82) tunnel.push(Buffer.from(pending.subarray(2, 2 + length)));
      pending = pending.subarray(2 + length);
    }
  });
  socket.on("close", () => tunnel.push(null));
  tunnel.on("finish", () => socket.destroy());
  return tunnel;
}

describe("targetOf", () => {
  it("reads namespace, pod, uid and container from the path", () => {
    expect(targetOf("/exec/ns/pod/box?command=ls")).toMatchObject({
      action: "exec",
      namespace: "ns",
      podName: "pod",
      container: "box",
      podUid: "",
    });
    expect(targetOf("/attach/ns/pod/uid-1/box")).toMatchObject({ action: "attach", podUid: "uid-1", container: "box" });
    expect(targetOf("/portForward/ns/pod")).toMatchObject({ action: "portForward", container: "" });
  });

  it.each(["/", "/exec/ns/pod", "/run/ns/pod/box", "/exec/a/b/c/d/e", "/portForward/ns"])(
    "does not know %s",
    (path) => {
      expect(() => targetOf(path)).toThrow(HttpRefusal);
    },
  );
});

describe("streams through the kubelet", () => {
  const runtimeServer = fakeRuntimeServer();
  const server = createServer();
  let runtimePort: number;
  let port: number;
  let execPath = "/exec";

  beforeAll(async () => {
    runtimePort = await listen(runtimeServer);
    const upgrade = createStreamingUpgrades({
      runtime: {
        execUrl: () => Promise.resolve(`http://127.0.0.1:${runtimePort}${execPath}`),
        attachUrl: () => Promise.reject(new Error("the container is not running")),
        portForwardUrl: () => Promise.resolve(`http://127.0.0.1:${runtimePort}/port`),
      },
      findContainer: ({ container }) =>
        container === "box"
          ? Promise.resolve("id")
          : Promise.reject(new HttpRefusal(404, `container not found ("${container}")`)),
      findSandbox: () => Promise.resolve("sandbox"),
      clock: systemClock,
      logger: silentLogger,
    });
    server.on("upgrade", (incoming, socket, head) => void upgrade(incoming, socket, head));
    port = await listen(server);
  });
  afterAll(async () => {
    for (const each of [server, runtimeServer]) {
      each.closeAllConnections();
      await new Promise((resolve) => each.close(resolve));
    }
  });
  beforeEach(() => {
    execPath = "/exec";
  });

  const collect = (stream: Duplex | undefined): Promise<string> =>
    new Promise((resolve) => {
      let text = "";
      stream?.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      stream?.on("end", () => resolve(text));
    });

  it("runs a command for a SPDY client and hands its exit code on", async () => {
    const url = `http://127.0.0.1:${port}/exec/ns/pod/box?command=tr&input=1&output=1`;
    const { socket, protocol } = await dialSpdy(url, { protocols: ["v4.channel.k8s.io"], timeoutMs: 5000 });
    const client = await openSpdyRemoteCommand(socket, protocol ?? "", {
      stdin: true,
      stdout: true,
      stderr: false,
      tty: false,
    });
    const output = collect(client.stdout);
    client.stdin?.end("quiet");
    expect(await output).toBe("QUIET");
    expect(await client.status).toEqual(exitStatus(5));
    client.close();
  });

  it("translates version 5 WebSocket channels, sizes and the end of stdin", async () => {
    execPath = "/tty";
    const socket = new WebSocket(`ws://127.0.0.1:${port}/exec/ns/pod/box?command=sh&input=1&output=1&tty=1`, [
      "v5.channel.k8s.io",
    ]);
    let output = "";
    let status = "";
    socket.on("message", (data: Buffer) => {
      if (data[0] === 1) output += data.toString("utf8", 1);
      if (data[0] === 3) status += data.toString("utf8", 1);
      if (output === "80x24") socket.send(Buffer.from("\0typed"));
      if (output === "80x24TYPED") socket.send(Buffer.from([255, 0]));
    });
    await new Promise((resolve) => socket.once("open", resolve));
    socket.send(Buffer.from('\u0004{"Width":80,"Height":24}'));
    await new Promise((resolve) => socket.once("close", resolve));
    expect(output).toBe("80x24TYPED");
    expect(JSON.parse(status)).toEqual(exitStatus(5));
  });

  it("forwards a port through SPDY frames tunnelled in a WebSocket", async () => {
    const connection = createSpdyConnection(await dialTunnel(`http://127.0.0.1:${port}/portForward/ns/pod`), {
      role: "client",
    });
    const headers = { port: "8080", requestID: "0" };
    const error = (await connection.open({ ...headers, streamType: "error" })).duplex;
    const data = (await connection.open({ ...headers, streamType: "data" })).duplex;
    const texts = Promise.all([collect(data), collect(error)]);
    data.write("you");
    expect(await texts).toEqual(["hello you from 8080", ""]);
    connection.close();
  });

  it.each([
    ["/exec/ns/pod/none?command=x&output=1", 'container not found ("none")'],
    ["/exec/ns/pod/box?command=x", "you must specify at least 1 of stdin, stdout, stderr"],
    ["/attach/ns/pod/box?output=1", "the container is not running"],
    ["/nonsense", "404 page not found"],
  ])("refuses %s with a reason", async (path, reason) => {
    await expect(
      dialSpdy(`http://127.0.0.1:${port}${path}`, { protocols: ["v4.channel.k8s.io"], timeoutMs: 5000 }),
    ).rejects.toThrow(reason);
  });

  it("refuses a protocol that it does not speak", async () => {
    const url = `http://127.0.0.1:${port}/exec/ns/pod/box?command=x&output=1`;
    await expect(dialSpdy(url, { protocols: ["v9.channel.k8s.io"], timeoutMs: 5000 })).rejects.toThrow(
      "unable to negotiate protocol",
    );
  });
});
