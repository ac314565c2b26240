/** Exec, attach and port-forward as URLs of the runtime's own streaming server. */
import { once } from "node:events";
import type { Duplex, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { serveSpdyPortForward, PORT_FORWARD_PROTOCOL } from "../../../../shared/streaming/port-forward.ts";
import {
  exitStatus,
  failureStatus,
  type RemoteCommandRequest,
  type RemoteCommandSession,
  SPDY_REMOTE_COMMAND_PROTOCOLS,
  type TerminalSize,
} from "../../../../shared/streaming/remote-command.ts";
import { serveSpdyRemoteCommand } from "../../../../shared/streaming/spdy-remote-command.ts";
import type { ContainerRuntime, ExecStreams } from "../../runtime.ts";
import { messageOf, RuntimeCallError } from "../../runtime-error.ts";
import type { DockerContext } from "../docker-context.ts";
import { createExec, exitCodeOf, startExec } from "../exec-command.ts";
import { inspectContainer } from "../make-container.ts";
import { outputOf } from "../raw-stream.ts";
import { forwardPair } from "./forward-pair.ts";
import type { StreamingServer } from "./streaming-server.ts";

type StreamingCalls = Pick<ContainerRuntime, "execUrl" | "attachUrl" | "portForwardUrl">;

/** One running command or container, as far as a client is joined to it. */
interface Joined {
  readonly connection: Duplex;
  readonly hasTty: boolean;
  /** Path of the Engine's call that sets the terminal's size. */
  readonly resizePath: string;
  /** Asked when its streams have ended. */
  exitCode(): Promise<number>;
}

export function streamingCalls(context: DockerContext, server: StreamingServer): StreamingCalls {
  const commandUrl = (streams: ExecStreams, join: () => Promise<Joined>): Promise<string> =>
    server.urlFor(SPDY_REMOTE_COMMAND_PROTOCOLS, async (transport, protocol) => {
      const session = await serveSpdyRemoteCommand(transport, protocol, requestOf(streams), context.clock);
      await runJoined(context, session, join);
    });
  return {
    execUrl: async (containerId, command, streams) =>
      commandUrl(streams, () => joinExec(context, containerId, command, streams)),
    attachUrl: async (containerId, streams) => commandUrl(streams, () => joinContainer(context, containerId, streams)),
    portForwardUrl: async (sandboxId) =>
      server.urlFor([PORT_FORWARD_PROTOCOL], async (transport) => {
        const sandbox = await inspectContainer(context.engine, sandboxId);
        const pid = sandbox?.State.Running === true ? sandbox.State.Pid : 0;
        if (pid === 0) throw new RuntimeCallError("notFound", `sandbox ${sandboxId} does not run`);
        await serveSpdyPortForward(transport, context.clock, (pair) => void forwardPair(pair, pid)).closed;
      }),
  };
}

const requestOf = ({ hasStdin, hasStdout, hasStderr, hasTty }: ExecStreams): RemoteCommandRequest => ({
  stdin: hasStdin,
  stdout: hasStdout,
  stderr: hasStderr && !hasTty,
  tty: hasTty,
});

async function joinExec(
  context: DockerContext,
  containerId: string,
  command: readonly string[],
  streams: ExecStreams,
): Promise<Joined> {
  const execId = await createExec(context, containerId, command, streams);
  return {
    connection: await startExec(context, execId, streams.hasTty),
    hasTty: streams.hasTty,
    resizePath: `/exec/${execId}/resize`,
    exitCode: () => exitCodeOf(context, execId),
  };
}

async function joinContainer({ engine }: DockerContext, id: string, streams: ExecStreams): Promise<Joined> {
  const container = await inspectContainer(engine, id);
  if (container?.State.Running !== true) throw new RuntimeCallError("notFound", `container ${id} does not run`);
  const { hasStdin: stdin, hasStdout: stdout, hasStderr: stderr } = streams;
  const query = { stream: true, stdin, stdout, stderr: stderr && !container.Config.Tty };
  return {
    connection: await engine.hijack(`/containers/${id}/attach`, { query }),
    hasTty: container.Config.Tty,
    resizePath: `/containers/${id}/resize`,
    // The client of an attach learns of the container's end from the pod.
    exitCode: async () => 0,
  };
}

/** Copies between the client and what it is joined to until that ends; never rejects. */
async function runJoined(
  { engine }: DockerContext,
  session: RemoteCommandSession,
  join: () => Promise<Joined>,
): Promise<void> {
  try {
    const { connection, hasTty, resizePath, exitCode } = await join();
    void session.closed.then(() => connection.destroy());
    session.onResize(({ width, height }: TerminalSize) => {
      engine.call("POST", resizePath, { query: { w: width, h: height } }).catch(() => undefined);
    });
    if (session.stdin !== undefined) pipeline(session.stdin, connection).catch(() => undefined);
    for await (const { stream, bytes } of outputOf(connection, hasTty)) {
      await write(stream === "stderr" ? session.stderr : session.stdout, bytes, session.closed);
    }
    await session.finish(exitStatus(await exitCode()));
  } catch (error) {
    await session.finish(failureStatus(messageOf(error))).catch(() => undefined);
  }
}

/** Waits for a slow client, and not for one that is gone. */
async function write(to: Writable | undefined, bytes: Buffer, closed: Promise<void>): Promise<void> {
  if (to === undefined || to.destroyed || to.write(bytes)) return;
  await Promise.race([once(to, "drain").catch(() => undefined), closed]);
}
