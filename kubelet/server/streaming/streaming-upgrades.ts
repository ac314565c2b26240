/**
 * The kubelet's exec, attach and port-forward: ends the client's protocol (SPDY, WebSocket channels, SPDY tunnelled in
 * a WebSocket) here and speaks SPDY to the container runtime's own streaming server
 * (upstream: `pkg/kubelet/server/server.go` and KEP-4006's translator).
 *
 * Paths: `/exec/NS/POD[/UID]/CONTAINER?command=…&input=1&output=1&error=1&tty=1`, `/attach/…` likewise without command,
 * `/portForward/NS/POD[/UID]?port=…`.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "../../../shared/process/clock.ts";
import type { Logger } from "../../../shared/process/logger.ts";
import { PORT_FORWARD_PROTOCOL, WEBSOCKET_PORT_FORWARD_PROTOCOLS } from "../../../shared/streaming/port-forward.ts";
import {
  type RemoteCommandRequest,
  type RemoteCommandSession,
  SPDY_REMOTE_COMMAND_PROTOCOLS,
} from "../../../shared/streaming/remote-command.ts";
import {
  acceptSpdyUpgrade,
  chooseProtocol,
  isSpdyUpgrade,
  offeredProtocols,
} from "../../../shared/streaming/spdy/upgrade.ts";
import { serveSpdyRemoteCommand } from "../../../shared/streaming/spdy-remote-command.ts";
import {
  serveWebSocketRemoteCommand,
  WEBSOCKET_REMOTE_COMMAND_PROTOCOLS,
} from "../../../shared/streaming/websocket-remote-command.ts";
import { type AcceptedWebSocket, createWebSocketAcceptor } from "../../../shared/streaming/websocket-accept.ts";
import { bridgePortForward } from "./bridge-port-forward.ts";
import { bridgeRemoteCommand } from "./bridge-remote-command.ts";
import { HttpRefusal, refuse, type StreamTarget, targetOf } from "./stream-target.ts";

export interface StreamingRuntime {
  execUrl(containerId: string, command: readonly string[], streams: RuntimeStreams): Promise<string>;
  attachUrl(containerId: string, streams: RuntimeStreams): Promise<string>;
  portForwardUrl(sandboxId: string, ports: readonly number[]): Promise<string>;
}

export interface RuntimeStreams {
  readonly hasStdin: boolean;
  readonly hasStdout: boolean;
  readonly hasStderr: boolean;
  readonly hasTty: boolean;
}

export interface StreamingServices {
  readonly runtime: StreamingRuntime;
  /** Runtime id of the running container; throws `HttpRefusal` when there is none. */
  findContainer(target: StreamTarget): Promise<string>;
  /** Runtime id of the pod's ready sandbox; throws `HttpRefusal` when there is none. */
  findSandbox(target: StreamTarget): Promise<string>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One upgrade request on its way; `isUpgraded` once a 101 has gone out and no other answer is possible. */
interface Attempt {
  readonly incoming: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  isUpgraded: boolean;
}

/** Handles an upgrade request that was authenticated and authorized before. Never rejects. */
export type StreamingUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>;

const acceptCommandSocket = createWebSocketAcceptor(WEBSOCKET_REMOTE_COMMAND_PROTOCOLS);
const acceptPortForwardSocket = createWebSocketAcceptor(WEBSOCKET_PORT_FORWARD_PROTOCOLS);

function acceptWebSocket(accept: typeof acceptCommandSocket, attempt: Attempt): Promise<AcceptedWebSocket> {
  // From here on the library answers, also when the handshake is wrong.
  attempt.isUpgraded = true;
  return accept(attempt.incoming, attempt.socket, attempt.head);
}

function acceptSpdy(attempt: Attempt, protocol: string): Duplex {
  attempt.isUpgraded = true;
  acceptSpdyUpgrade(attempt.socket, protocol);
  if (attempt.head.length > 0) attempt.socket.unshift(attempt.head);
  return attempt.socket;
}

function commandRequest(query: URLSearchParams): RemoteCommandRequest {
  const isSet = (name: string): boolean => query.get(name) === "1" || query.get(name) === "true";
  const request = { stdin: isSet("input"), stdout: isSet("output"), stderr: isSet("error"), tty: isSet("tty") };
  if (request.tty && request.stderr) return { ...request, stderr: false };
  if (!request.stdin && !request.stdout && !request.stderr) {
    throw new HttpRefusal(400, "you must specify at least 1 of stdin, stdout, stderr");
  }
  return request;
}

/** Routes upgrades to the container runtime. */
export function createStreamingUpgrades(services: StreamingServices): StreamingUpgrade {
  const { runtime, clock, logger } = services;

  async function serveCommand(target: StreamTarget, attempt: Attempt): Promise<void> {
    const request = commandRequest(target.query);
    const containerId = await services.findContainer(target);
    const streams = {
      hasStdin: request.stdin,
      hasStdout: request.stdout,
      hasStderr: request.stderr,
      hasTty: request.tty,
    };
    const command = target.query.getAll("command");
    const url =
      target.action === "exec"
        ? await runtime.execUrl(containerId, command, streams)
        : await runtime.attachUrl(containerId, streams);
    const session = isSpdyUpgrade(attempt.incoming)
      ? await serveSpdyCommand(attempt, request)
      : serveWebSocketRemoteCommand((await acceptWebSocket(acceptCommandSocket, attempt)).socket, request);
    await bridgeRemoteCommand(session, url, request);
  }

  function serveSpdyCommand(attempt: Attempt, request: RemoteCommandRequest): Promise<RemoteCommandSession> {
    const offered = offeredProtocols(attempt.incoming);
    const protocol = chooseProtocol(offered, SPDY_REMOTE_COMMAND_PROTOCOLS, "channel.k8s.io");
    if (protocol === undefined) {
      throw new HttpRefusal(
        403,
        `unable to upgrade: unable to negotiate protocol: client supports ${offered.join(", ")}`,
      );
    }
    return serveSpdyRemoteCommand(acceptSpdy(attempt, protocol), protocol, request, clock);
  }

  async function servePortForward(target: StreamTarget, attempt: Attempt): Promise<void> {
    const sandboxId = await services.findSandbox(target);
    const ports = target.query
      .getAll("port")
      .flatMap((value) => value.split(","))
      .map(Number);
    if (ports.some((port) => !Number.isInteger(port) || port < 1 || port > 65_535))
      throw new HttpRefusal(400, "invalid port");
    const openRuntime = (): Promise<string> => runtime.portForwardUrl(sandboxId, ports);
    if (isSpdyUpgrade(attempt.incoming)) {
      return bridgePortForward(
        { kind: "spdy", transport: acceptSpdy(attempt, PORT_FORWARD_PROTOCOL) },
        openRuntime,
        clock,
      );
    }
    const accepted = await acceptWebSocket(acceptPortForwardSocket, attempt);
    return bridgePortForward({ kind: "websocket", ...accepted, ports }, openRuntime, clock);
  }

  return async (incoming, socket, head) => {
    socket.on("error", () => undefined);
    const attempt: Attempt = { incoming, socket, head, isUpgraded: false };
    try {
      const target = targetOf(incoming.url ?? "");
      if (target.action === "portForward") await servePortForward(target, attempt);
      else await serveCommand(target, attempt);
    } catch (err) {
      logger.debug({ err, url: incoming.url }, "stream ended with an error");
      if (attempt.isUpgraded) socket.destroy();
      else refuse(socket, err);
    }
  };
}
