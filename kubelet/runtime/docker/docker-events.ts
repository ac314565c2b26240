/** The Engine's events of a kubelet's containers. An event only says "look again". */
import type { RuntimeEvent } from "../runtime.ts";
import { OUR_CONTAINERS } from "./docker-labels.ts";
import type { EngineClient } from "./engine-client.ts";
import type { WireEvent } from "./engine-wire.ts";

const TYPES: Readonly<Record<string, RuntimeEvent["type"]>> = { start: "started", die: "stopped", destroy: "deleted" };

/** Reads until `signal` aborts; rejects when the stream breaks or ends. */
export async function readDockerEvents(
  engine: EngineClient,
  signal: AbortSignal,
  onOpen: () => void,
  onEvent: (event: RuntimeEvent) => void,
): Promise<void> {
  const filters = JSON.stringify({ type: ["container"], event: Object.keys(TYPES), label: OUR_CONTAINERS });
  await engine.stream<WireEvent>("GET", "/events", { query: { filters }, signal }, onOpen, ({ Action, Actor }) => {
    const type = TYPES[Action];
    if (type !== undefined) onEvent({ containerId: Actor.ID, type });
  });
}
