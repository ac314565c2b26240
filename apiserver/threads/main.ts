/**
 * A serving thread: the same API as on the main thread, over the main thread's store.
 *
 * V1  No request is looked at before the caches have everything that the main thread had sent when it arrived. So a
 *     client that goes from one thread to another never sees an older state.
 */
import { type MessagePort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { systemClock } from "../../shared/process/clock.ts";
import { createLogger } from "../../shared/process/logger.ts";
import { createServing, type Serving } from "../serving.ts";
import { RemoteStorage } from "../storage/remote/remote-storage.ts";
import type { FromThread, ToThread } from "./messages.ts";
import { RelayedSource } from "./relayed-source.ts";
import { SharedState } from "./shared-state.ts";
import type { ThreadStart } from "./thread-options.ts";

const { index, port, buffers, options } = workerData as ThreadStart;
const logger = createLogger("kube-apiserver").child({ thread: index });
const state = new SharedState(index, buffers);
const stopping = new AbortController();
const questions = new Map<number, (text: string) => void>();
let nextQuestion = 1;
/** Messages of the feed that were taken; wraps around as the main thread's count of them does. */
let taken = 0;

const send = (message: FromThread, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

/** Takes what has been sent but has not had its turn yet (V1). */
const catchUp = (): void => {
  while (taken !== state.sentTo(index)) {
    const next = receiveMessageOnPort(port as MessagePort) as { message: ToThread } | undefined;
    if (next === undefined) return;
    receive(next.message);
  }
};

const source = new RelayedSource({
  load: () => send({ kind: "load" }),
  wantProgress: () => send({ kind: "wantProgress" }),
});

const knownRevision = (): number => {
  const { published } = state;
  catchUp();
  return published;
};
const storage = new RemoteStorage(send, options.knowsRevision ? knownRevision : undefined);

const serving: Serving = createServing(
  { ...options, clock: systemClock, logger, storage },
  {
    source: () => source,
    counts: state,
    isBootstrapped: () => true,
    isStopping: () => state.isStopping || stopping.signal.aborted,
    metricsText: () =>
      new Promise((resolve) => {
        const id = nextQuestion++;
        questions.set(id, resolve);
        send({ kind: "metrics?", id });
      }),
    sharing: "joins",
    ticketKeys: Buffer.from(options.ticketKeys),
    beforeRequest: catchUp,
  },
);

function receive(message: ToThread): void {
  switch (message.kind) {
    case "answers":
      return storage.receive(message);
    case "contents":
    case "events":
    case "progress":
    case "compacted":
      taken = (taken + 1) | 0;
      return source.receive(message);
    case "metrics?":
      return void serving.metrics
        .getMetricsAsJSON()
        .then((values) => send({ kind: "metrics", id: message.id, values }));
    case "metrics":
      questions.get(message.id)?.(message.text);
      questions.delete(message.id);
      return;
    case "spread":
      return serving.server.spread();
    case "stop":
      return void stop();
  }
}

async function stop(): Promise<void> {
  stopping.abort();
  await serving.stop();
  await storage.close();
  send({ kind: "stopped" });
}

port.on("message", receive);
await serving.caches.start(stopping.signal);
await serving.server.listen();
send({ kind: "serving" });
