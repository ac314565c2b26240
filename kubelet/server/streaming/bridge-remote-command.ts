import { pipeline } from "node:stream/promises";
import type { Readable, Writable } from "node:stream";
import {
  failureStatus,
  type RemoteCommandRequest,
  type RemoteCommandSession,
  SPDY_REMOTE_COMMAND_PROTOCOLS,
} from "../../../shared/streaming/remote-command.ts";
import { dialSpdy } from "../../../shared/streaming/spdy/upgrade.ts";
import { openSpdyRemoteCommand, type RemoteCommandClient } from "../../../shared/streaming/spdy-remote-command.ts";

/** The runtime's streaming server is on this machine and answers at once. */
const DIAL_TIMEOUT_MS = 10_000;

/** Copies until either side ends; an abrupt end of one side is not an error of the command. */
function copy(from: Readable | undefined, to: Writable | undefined): Promise<void> {
  if (from === undefined || to === undefined) return Promise.resolve();
  return pipeline(from, to, { end: true }).catch(() => undefined);
}

async function connect(url: string, request: RemoteCommandRequest): Promise<RemoteCommandClient> {
  const { socket, protocol } = await dialSpdy(url, {
    protocols: SPDY_REMOTE_COMMAND_PROTOCOLS,
    timeoutMs: DIAL_TIMEOUT_MS,
  });
  return openSpdyRemoteCommand(socket, protocol ?? "channel.k8s.io", request);
}

/** Joins a client's session with the runtime's stream at `url`; resolves when both are over. */
export async function bridgeRemoteCommand(
  session: RemoteCommandSession,
  url: string,
  request: RemoteCommandRequest,
): Promise<void> {
  let backend: RemoteCommandClient;
  try {
    backend = await connect(url, request);
  } catch (err) {
    return session.finish(failureStatus(err instanceof Error ? err.message : String(err)));
  }
  session.onResize((size) => backend.resize(size));
  void copy(session.stdin, backend.stdin);
  // The client left: end the command's streams, as a closed terminal would.
  void session.closed.then(() => backend.close());
  const outputs = Promise.all([copy(backend.stdout, session.stdout), copy(backend.stderr, session.stderr)]);
  const status = await backend.status.catch((err: unknown) =>
    failureStatus(err instanceof Error ? err.message : String(err)),
  );
  // All output goes out before the status: clients stop reading at the status.
  await Promise.race([outputs, session.closed]);
  await session.finish(status);
  backend.close();
}
