import type { MessagePort } from "node:worker_threads";
import type { ApiServerOptions } from "../options.ts";
import type { SharedBuffers } from "./shared-state.ts";

/** What a thread is started with: everything of the server's options that is plain data. */
export type ThreadOptions = Omit<ApiServerOptions, "clock" | "logger" | "storage" | "strategies"> & {
  /** Sessions of one thread can be resumed on all: random bytes for the tickets. */
  readonly ticketKeys: Uint8Array;
  /** Whether a write's revision is published before it is answered (`Storage.tellsWatchesFirst`). */
  readonly knowsRevision: boolean;
};

/** `workerData` of a serving thread. */
export interface ThreadStart {
  readonly index: number;
  readonly port: MessagePort;
  readonly buffers: SharedBuffers;
  readonly options: ThreadOptions;
}
