/**
 * Events of the runtime: `GetContainerEvents` where the runtime has it (containerd 1.7, CRI-O), otherwise containerd's
 * own event service. An event only says "look again": what happened is read from the runtime.
 */
import type { RuntimeEvent } from "../runtime.ts";
import { isRuntimeUnimplemented } from "../runtime-error.ts";
import type { CriChannel } from "./cri-channel.ts";

/** containerd keeps what CRI starts in this namespace. */
const CONTAINERD_NAMESPACE = "k8s.io";

const CRI_TYPES: Readonly<Record<string, RuntimeEvent["type"]>> = {
  CONTAINER_STARTED_EVENT: "started",
  CONTAINER_STOPPED_EVENT: "stopped",
  CONTAINER_DELETED_EVENT: "deleted",
};

const TOPICS: Readonly<Record<string, RuntimeEvent["type"]>> = {
  "/tasks/start": "started",
  "/tasks/exit": "stopped",
  "/tasks/delete": "deleted",
};

/** Reads until `signal` aborts; rejects when the stream breaks. */
export async function readRuntimeEvents(
  channel: CriChannel,
  signal: AbortSignal,
  onOpen: () => void,
  onEvent: (event: RuntimeEvent) => void,
): Promise<void> {
  try {
    await readCriEvents(channel, signal, onOpen, onEvent);
  } catch (error) {
    if (!isRuntimeUnimplemented(error)) throw error;
    await readContainerdEvents(channel, signal, onOpen, onEvent);
  }
}

interface CriEvent {
  readonly containerId: string;
  readonly containerEventType: string;
}

function readCriEvents(
  channel: CriChannel,
  signal: AbortSignal,
  onOpen: () => void,
  onEvent: (event: RuntimeEvent) => void,
): Promise<void> {
  return channel.stream<CriEvent>("GetContainerEvents", {}, {}, signal, onOpen, (message) => {
    const type = CRI_TYPES[message.containerEventType];
    if (type !== undefined) onEvent({ containerId: message.containerId, type });
  });
}

interface Envelope {
  readonly namespace: string;
  readonly topic: string;
  readonly event: { readonly value: Buffer } | null;
}

function readContainerdEvents(
  channel: CriChannel,
  signal: AbortSignal,
  onOpen: () => void,
  onEvent: (event: RuntimeEvent) => void,
): Promise<void> {
  const filters = Object.keys(TOPICS).map((topic) => `namespace==${CONTAINERD_NAMESPACE},topic=="${topic}"`);
  const metadata = { "containerd-namespace": CONTAINERD_NAMESPACE };
  return channel.stream<Envelope>("Subscribe", { filters }, metadata, signal, onOpen, (message) => {
    const type = TOPICS[message.topic];
    const [containerId = "", processId] = leadingStrings(message.event?.value);
    // An exit of an exec'd process carries the process's own id: the container lives on.
    const isContainer = processId === undefined || processId === containerId || message.topic !== "/tasks/exit";
    if (type !== undefined && containerId !== "" && isContainer) onEvent({ containerId, type });
  });
}

/** Fields 1 and 2 of a task event, as far as they are strings shorter than 128 bytes (ids are). */
function leadingStrings(body: Buffer | undefined): string[] {
  const strings: string[] = [];
  let at = 0;
  while (body !== undefined && body[at] === (strings.length + 1) * 8 + 2 && strings.length < 2) {
    const length = body[at + 1] ?? 0;
    strings.push(body.subarray(at + 2, at + 2 + length).toString("utf8"));
    at += 2 + length;
  }
  return strings;
}
