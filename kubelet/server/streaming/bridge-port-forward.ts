import type { Duplex } from "node:stream";
import type { Clock } from "../../../shared/process/clock.ts";
import {
  createPortForwardClient,
  PORT_FORWARD_PROTOCOL,
  type PortForwardPair,
  type PortForwardSession,
  serveSpdyPortForward,
  serveWebSocketPortForward,
} from "../../../shared/streaming/port-forward.ts";
import { dialSpdy } from "../../../shared/streaming/spdy/upgrade.ts";
import type { AcceptedWebSocket } from "../../../shared/streaming/websocket-accept.ts";

export type PortForwardFrontend =
  | { readonly kind: "spdy"; readonly transport: Duplex }
  | (AcceptedWebSocket & { readonly kind: "websocket"; readonly ports: readonly number[] });

const DIAL_TIMEOUT_MS = 10_000;

/** Hands every pair of the client on to the runtime over one connection, opened with the first pair. */
export async function bridgePortForward(
  frontend: PortForwardFrontend,
  openRuntime: () => Promise<string>,
  clock: Clock,
): Promise<void> {
  let backend: ReturnType<typeof connectBackend> | undefined;
  const forward = async (pair: PortForwardPair): Promise<void> => {
    try {
      backend ??= connectBackend(openRuntime);
      await (await backend).forward(pair);
    } catch (err) {
      pair.error.end(err instanceof Error ? err.message : String(err));
      pair.data.destroy();
    }
  };
  const onPair = (pair: PortForwardPair): void => void forward(pair);
  const session: PortForwardSession =
    frontend.kind === "spdy"
      ? serveSpdyPortForward(frontend.transport, clock, onPair)
      : serveWebSocketPortForward(frontend, frontend.ports, clock, onPair);
  await session.closed;
  await backend?.then(
    (client) => client.close(),
    () => undefined,
  );
}

async function connectBackend(openRuntime: () => Promise<string>) {
  const { socket } = await dialSpdy(await openRuntime(), {
    protocols: [PORT_FORWARD_PROTOCOL],
    timeoutMs: DIAL_TIMEOUT_MS,
  });
  return createPortForwardClient(socket);
}
