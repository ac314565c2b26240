/**
 * One watch that survives broken connections. etcd3's own watcher goes on from the revision in the header of the last
 * answer; while etcd is still catching up, that is the store's revision and not the watch's, so a break then loses
 * events. This one goes on from the last event.
 *
 *     connecting ──stream──▶ watching ──error, end──▶ waiting ──▶ connecting
 *                                 └──compacted──▶ closed ◀── close()
 *
 * E1  `#next` is one more than the last revision whose changes were all handed over.
 * E2  A fragmented answer is handed over whole or not at all.
 * E3  Nothing is handed over that is older than `#next`.
 */
import type { Etcd3, IWatchRequest, IWatchResponse } from "etcd3";
import type { Clock } from "../../../shared/process/clock.ts";
import type { Logger } from "../../../shared/process/logger.ts";
import { prefixEnd } from "../keys.ts";
import type { StorageEvent, StorageWatch, WatchSink } from "../storage.ts";
import type { ProgressReports } from "./progress-reports.ts";

const RECONNECT_MS_MIN = 50;
const RECONNECT_MS_MAX = 2000;
/** Watch id of the answers to explicit progress requests. */
const ALL_WATCHES = "-1";

export interface EtcdWatchOptions {
  readonly client: Etcd3;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly progress: ProgressReports;
}

type WatchStream = Awaited<ReturnType<Etcd3["watchClient"]["watch"]>>;
type EtcdEvent = IWatchResponse["events"][number];

export class EtcdWatch implements StorageWatch {
  readonly #options: EtcdWatchOptions;
  readonly #prefix: string;
  readonly #sink: WatchSink;
  readonly #closed = new AbortController();
  #next: number;
  #stream: WatchStream | undefined;
  #fragments: EtcdEvent[] = [];
  #reconnectMs = RECONNECT_MS_MIN;
  #wantsProgress = false;

  constructor(options: EtcdWatchOptions, prefix: string, fromRevision: number, sink: WatchSink) {
    this.#options = options;
    this.#prefix = prefix;
    this.#sink = sink;
    this.#next = fromRevision + 1;
    void this.#run();
  }

  requestProgress(): void {
    this.#wantsProgress = true;
    void this.#askForProgress();
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#stream?.cancel();
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.#options;
    while (!this.#closed.signal.aborted) {
      try {
        await this.#watchOnce();
      } catch (err) {
        if (!this.#closed.signal.aborted) logger.warn({ err, next: this.#next }, "the watch broke, connecting again");
      }
      this.#fragments = [];
      this.#stream = undefined;
      await clock.sleep(this.#reconnectMs, this.#closed.signal);
      this.#reconnectMs = Math.min(this.#reconnectMs * 2, RECONNECT_MS_MAX);
    }
  }

  /** Resolves when the stream ended. */
  async #watchOnce(): Promise<void> {
    const stream = await this.#options.client.watchClient.watch();
    if (this.#closed.signal.aborted) return stream.cancel();
    this.#stream = stream;
    const ended = new Promise<void>((resolve, reject) => {
      stream.on("data", (response) => {
        // An exception must break this stream, not the process: the next one starts at the last good event.
        try {
          this.#take(response);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
      stream.on("error", reject);
      stream.on("end", resolve);
    });
    const request: IWatchRequest = {
      create_request: {
        key: Buffer.from(this.#prefix),
        range_end: prefixEnd(this.#prefix),
        start_revision: String(this.#next),
        progress_notify: true,
        fragment: true,
      },
    };
    stream.write(request);
    try {
      await ended;
    } finally {
      stream.cancel();
    }
  }

  #take(response: IWatchResponse): void {
    if (this.#closed.signal.aborted) return;
    if (response.canceled) return this.#takeCancel(response);
    if (response.created) {
      if (this.#wantsProgress) void this.#askForProgress();
      return;
    }
    this.#reconnectMs = RECONNECT_MS_MIN;
    if (response.watch_id === ALL_WATCHES || response.events.length === 0) {
      if (response.watch_id !== ALL_WATCHES || this.#options.progress.areTrusted)
        this.#takeProgress(Number(response.header.revision));
      return;
    }
    this.#fragments.push(...response.events);
    if (response.fragment) return;
    const events = this.#fragments;
    this.#fragments = [];
    this.#handOver(events);
  }

  #takeCancel(response: IWatchResponse): void {
    const compactRevision = Number(response.compact_revision);
    if (compactRevision === 0) throw new Error(`etcd ended the watch: ${response.cancel_reason}`);
    void this.close();
    this.#sink.compacted(compactRevision);
  }

  #takeProgress(revision: number): void {
    if (this.#fragments.length > 0) return;
    this.#next = Math.max(this.#next, revision + 1);
    this.#wantsProgress = false;
    this.#sink.progress(revision);
  }

  #handOver(received: readonly EtcdEvent[]): void {
    const events: StorageEvent[] = [];
    let reached = this.#next - 1;
    let fenceRevision = 0;
    for (const { type, kv } of received) {
      const revision = Number(kv.mod_revision);
      if (revision < this.#next) continue;
      reached = revision;
      const key = kv.key.toString("utf8");
      if (this.#options.progress.isFence(key)) fenceRevision = revision;
      else events.push(toEvent(type, key, kv));
    }
    this.#next = reached + 1;
    if (events.length > 0) this.#sink.events(events);
    if (fenceRevision > 0) this.#takeProgress(reached);
  }

  async #askForProgress(): Promise<void> {
    const { progress, logger } = this.#options;
    try {
      await progress.request(this.#prefix, () => this.#stream?.write({ progress_request: {} }));
    } catch (err) {
      logger.debug({ err }, "cannot ask for progress");
    }
  }
}

function toEvent(type: EtcdEvent["type"], key: string, kv: EtcdEvent["kv"]): StorageEvent {
  const modRevision = Number(kv.mod_revision);
  if (String(type).toLowerCase() === "delete") return { type: "delete", key, revision: modRevision };
  return { type: "put", item: { key, value: kv.value, modRevision, createRevision: Number(kv.create_revision) } };
}
