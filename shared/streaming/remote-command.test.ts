import { createServer, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import type { Status } from "../api/generated/meta/v1.ts";
import { systemClock } from "../process/clock.ts";
import {
  createPortForwardClient,
  type PortForwardPair,
  serveSpdyPortForward,
  serveWebSocketPortForward,
  WEBSOCKET_PORT_FORWARD_PROTOCOLS,
} from "./port-forward.ts";
import {
  errorChannelText,
  exitStatus,
  type RemoteCommandRequest,
  type RemoteCommandSession,
  SPDY_REMOTE_COMMAND_PROTOCOLS,
  statusOfErrorChannel,
} from "./remote-command.ts";
import { createSpdyConnection } from "./spdy/connection.ts";
import { acceptSpdyUpgrade, chooseProtocol, dialSpdy, offeredProtocols } from "./spdy/upgrade.ts";
import { createWebSocketAcceptor } from "./websocket-accept.ts";
import { openSpdyRemoteCommand, serveSpdyRemoteCommand } from "./spdy-remote-command.ts";
import { serveWebSocketRemoteCommand, WEBSOCKET_REMOTE_COMMAND_PROTOCOLS } from "./websocket-remote-command.ts";

const ALL: RemoteCommandRequest = { stdin: true, stdout: true, stderr: true, tty: false };

/** Copies stdin to stdout, says "warned" on stderr, and ends as told. */
async function echo(session: RemoteCommandSession, status: Status): Promise<void> {
  session.stderr?.write("warned");
  await new Promise<void>((resolve) => {
    session.stdin?.on("data", (chunk: Buffer) => session.stdout?.write(chunk));
    session.stdin?.on("end", resolve);
    session.stdin?.on("close", resolve);
  });
  await session.finish(status);
}

function collect(stream: Duplex | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    stream?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    stream?.on("end", () => resolve(text));
    stream?.on("error", reject);
  });
}

describe("statuses", () => {
  it("tell the exit code the way clients read it", () => {
    expect(exitStatus(0)).toEqual({ metadata: {}, status: "Success" });
    expect(exitStatus(3)).toMatchObject({
      reason: "NonZeroExitCode",
      details: { causes: [{ reason: "ExitCode", message: "3" }] },
    });
  });

  it("go over the error channel as JSON from version 4 on, and as plain failure text before", () => {
    expect(statusOfErrorChannel(errorChannelText(exitStatus(3), true))).toEqual(exitStatus(3));
    expect(errorChannelText(exitStatus(0), false)).toBe("");
    expect(statusOfErrorChannel("boom")).toMatchObject({ status: "Failure", message: "boom" });
  });
});

describe("a server for remote commands", () => {
  let server: Server;
  let port: number;
  let request = ALL;
  let outcome: Status;
  let sessions: RemoteCommandSession[];
  const webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    handleProtocols: (offered) =>
      [...offered].find((name) => WEBSOCKET_REMOTE_COMMAND_PROTOCOLS.some((known) => known === name)) ?? false,
  });

  beforeAll(async () => {
    server = createServer((_request, response) => response.writeHead(400).end("upgrade needed"));
    server.on("upgrade", (incoming, socket, head) => {
      if (incoming.headers.upgrade === "websocket") {
        webSockets.handleUpgrade(incoming, socket, head, (accepted) => {
          const session = serveWebSocketRemoteCommand(accepted, request);
          sessions.push(session);
          void echo(session, outcome);
        });
        return;
      }
      const protocol =
        chooseProtocol(offeredProtocols(incoming), SPDY_REMOTE_COMMAND_PROTOCOLS, "channel.k8s.io") ?? "";
      acceptSpdyUpgrade(socket, protocol);
      void serveSpdyRemoteCommand(socket, protocol, request, systemClock).then((session) => {
        sessions.push(session);
        return echo(session, outcome);
      });
    });
    server.listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    port = typeof address === "object" && address !== null ? address.port : 0;
  });
  beforeEach(() => {
    request = ALL;
    outcome = exitStatus(0);
    sessions = [];
  });
  afterAll(async () => {
    webSockets.close();
    await new Promise((resolve) => server.close(resolve));
  });

  it.each(SPDY_REMOTE_COMMAND_PROTOCOLS)("carries all streams over SPDY with %s", async (protocol) => {
    outcome = exitStatus(7);
    const dialed = await dialSpdy(`http://127.0.0.1:${port}/exec`, { protocols: [protocol], timeoutMs: 5000 });
    expect(dialed.protocol).toBe(protocol);
    const client = await openSpdyRemoteCommand(dialed.socket, protocol, ALL);
    const texts = Promise.all([collect(client.stdout), collect(client.stderr)]);
    client.stdin?.end("hello");
    expect(await texts).toEqual(["hello", "warned"]);
    const status = await client.status;
    if (protocol.startsWith("v4")) expect(status).toEqual(exitStatus(7));
    else
      expect(status).toMatchObject({ status: "Failure", message: expect.stringContaining("exit code: 7") as unknown });
    client.close();
  });

  it("passes terminal sizes on, also those that came before anybody listened", async () => {
    request = { stdin: true, stdout: true, stderr: false, tty: true };
    const dialed = await dialSpdy(`http://127.0.0.1:${port}/exec`, {
      protocols: ["v4.channel.k8s.io"],
      timeoutMs: 5000,
    });
    const client = await openSpdyRemoteCommand(dialed.socket, "v4.channel.k8s.io", request);
    client.resize({ width: 80, height: 24 });
    client.stdin?.write("x");
    await new Promise((resolve) => client.stdout?.once("data", resolve));
    const sizes: unknown[] = [];
    sessions[0]?.onResize((size) => sizes.push(size));
    client.resize({ width: 100, height: 50 });
    client.stdin?.end("y");
    await client.status;
    expect(sizes).toEqual([
      { width: 80, height: 24 },
      { width: 100, height: 50 },
    ]);
    client.close();
  });

  it("tells why when the server does not upgrade", async () => {
    const refused = createServer((_request, response) => response.writeHead(403).end("not you")).listen(0, "127.0.0.1");
    await new Promise((resolve) => refused.once("listening", resolve));
    const address = refused.address();
    const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`;
    await expect(dialSpdy(url, { protocols: ["v4.channel.k8s.io"], timeoutMs: 5000 })).rejects.toThrow(
      "unable to upgrade connection: not you",
    );
    await new Promise((resolve) => refused.close(resolve));
  });

  it.each(WEBSOCKET_REMOTE_COMMAND_PROTOCOLS)("carries all streams over WebSocket with %s", async (protocol) => {
    outcome = exitStatus(2);
    const isBase64 = protocol.includes("base64");
    const socket = new WebSocket(`ws://127.0.0.1:${port}/exec`, [protocol]);
    const received: Record<number, string> = {};
    socket.on("message", (data: Buffer) => {
      const text = data.toString("latin1");
      const channel = isBase64 ? Number(text[0]) : (data[0] ?? -1);
      const payload = isBase64 ? Buffer.from(text.slice(1), "base64").toString() : text.slice(1);
      received[channel] = (received[channel] ?? "") + payload;
      if (received[1] === "hello" && protocol.startsWith("v5")) socket.send(Buffer.from([255, 0]));
      else if (received[1] === "hello" && received[3] === undefined) void sessions[0]?.stdin?.emit("end");
    });
    await new Promise((resolve) => socket.once("open", resolve));
    socket.send(isBase64 ? `0${Buffer.from("hello").toString("base64")}` : Buffer.from("\0hello"));
    await new Promise((resolve) => socket.once("close", resolve));
    expect(received[1]).toBe("hello");
    expect(received[2]).toBe("warned");
    if (/^v[45]/.test(protocol)) expect(JSON.parse(received[3] ?? "")).toEqual(exitStatus(2));
    else expect(received[3]).toContain("exit code: 2");
  });

  it("ends a session whose WebSocket client goes away", async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/exec`, ["v5.channel.k8s.io"]);
    await new Promise((resolve) => socket.once("message", resolve));
    socket.terminate();
    await sessions[0]?.closed;
    expect(sessions[0]?.stdin?.destroyed).toBe(true);
  });
});

describe("port forwarding", () => {
  let server: Server;
  let port: number;
  const accept = createWebSocketAcceptor(WEBSOCKET_PORT_FORWARD_PROTOCOLS);
  /** A "pod" that answers with its port and whatever it was sent; port 9 refuses. */
  const answer = (pair: PortForwardPair): void => {
    if (pair.port === 9) {
      pair.error.end("connection refused");
      pair.data.end();
      return;
    }
    pair.error.end();
    pair.data.on("data", (chunk: Buffer) => pair.data.write(`${pair.port}:${chunk.toString()}`));
    pair.data.on("end", () => pair.data.end());
  };

  beforeAll(async () => {
    server = createServer();
    server.on("upgrade", (incoming, socket, head) => {
      if (incoming.headers.upgrade === "websocket") {
        void accept(incoming, socket, head).then((accepted) =>
          serveWebSocketPortForward(accepted, [80, 81], systemClock, answer),
        );
        return;
      }
      acceptSpdyUpgrade(socket, "portforward.k8s.io");
      serveSpdyPortForward(socket, systemClock, answer);
    });
    server.listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    port = typeof address === "object" && address !== null ? address.port : 0;
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
  });

  it("pairs data and error streams over plain SPDY", async () => {
    const { socket } = await dialSpdy(`http://127.0.0.1:${port}/`, {
      protocols: ["portforward.k8s.io"],
      timeoutMs: 5000,
    });
    const connection = createSpdyConnection(socket, { role: "client" });
    const ask = async (to: number, id: string) => {
      const error = (await connection.open({ streamType: "error", port: String(to), requestID: id })).duplex;
      const data = (await connection.open({ streamType: "data", port: String(to), requestID: id })).duplex;
      data.end("ping");
      return Promise.all([collect(data), collect(error)]);
    };
    expect(await Promise.all([ask(80, "0"), ask(81, "1"), ask(9, "2")])).toEqual([
      ["80:ping", ""],
      ["81:ping", ""],
      ["", "connection refused"],
    ]);
    connection.close();
  });

  it("hands pairs on to another server, as the kubelet does", async () => {
    const { socket } = await dialSpdy(`http://127.0.0.1:${port}/`, {
      protocols: ["portforward.k8s.io"],
      timeoutMs: 5000,
    });
    const client = createPortForwardClient(socket);
    const relay = createServer();
    relay.on("upgrade", (_incoming, upgraded) => {
      acceptSpdyUpgrade(upgraded, "portforward.k8s.io");
      serveSpdyPortForward(upgraded, systemClock, (pair) => void client.forward(pair));
    });
    relay.listen(0, "127.0.0.1");
    await new Promise((resolve) => relay.once("listening", resolve));
    const address = relay.address();
    const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`;
    const dialed = await dialSpdy(url, { protocols: ["portforward.k8s.io"], timeoutMs: 5000 });
    const connection = createSpdyConnection(dialed.socket, { role: "client" });
    const error = (await connection.open({ streamType: "error", port: "80" })).duplex;
    const data = (await connection.open({ streamType: "data", port: "80" })).duplex;
    data.end("through");
    expect(await Promise.all([collect(data), collect(error)])).toEqual(["80:through", ""]);
    connection.close();
    client.close();
    await new Promise((resolve) => relay.close(resolve));
  });

  it("speaks the WebSocket form with two channels per port", async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, ["v4.channel.k8s.io"]);
    const received: Record<number, Buffer> = {};
    const done = new Promise<void>((resolve) => {
      socket.on("message", (data: Buffer) => {
        const channel = data[0] ?? 0;
        received[channel] = Buffer.concat([received[channel] ?? Buffer.alloc(0), data.subarray(1)]);
        if ((received[2]?.length ?? 0) > 2) resolve();
      });
    });
    await new Promise((resolve) => socket.once("open", resolve));
    socket.send(Buffer.from("\u0002ping"));
    await done;
    expect([0, 1, 2, 3].map((channel) => received[channel]?.readUInt16LE(0))).toEqual([80, 80, 81, 81]);
    expect(received[2]?.toString("latin1", 2)).toBe("81:ping");
    socket.close();
    await new Promise((resolve) => socket.once("close", resolve));
  });
});
