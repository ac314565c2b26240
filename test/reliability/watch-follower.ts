/**
 * A client of one watch that goes on from the last revision it saw, over any number of ended connections, and writes
 * down what it was told. Plain node:https, so that nothing of ours stands between the server and the judge.
 */
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import type { Socket } from "node:net";
import type { ClusterAccess } from "../../shared/client/kubeconfig.ts";
import { systemClock } from "../../shared/process/clock.ts";

export interface SeenEvent {
  readonly type: string;
  readonly name: string;
  readonly revision: number;
}

interface WatchLine {
  readonly type: string;
  readonly object: {
    readonly code?: number;
    readonly message?: string;
    readonly metadata?: { readonly name?: string; readonly resourceVersion?: string };
  };
}

const RETRY_MS = 50;

export class WatchFollower {
  /** ADDED, MODIFIED and DELETED, in the order in which they came. */
  readonly events: SeenEvent[] = [];
  /** What was wrong with the order of revisions, by the words of a watch's promises. */
  readonly breaches: string[] = [];
  /** Answers and events that were Status objects, by code: 410 means that history was gone. */
  readonly refusals: { readonly code: number; readonly message: string }[] = [];
  bookmarks = 0;
  /** How often a connection ended. */
  endings = 0;
  readonly #access: ClusterAccess;
  readonly #path: string;
  #revision: number;
  /** Up to here everything has been told. */
  #told: number;
  #socket: Socket | undefined;
  #isStopped = false;
  #isPaused = false;
  #done: Promise<void> = Promise.resolve();

  /** `path` has the selectors; the watch starts after `revision`. */
  constructor(access: ClusterAccess, path: string, revision: number) {
    this.#access = access;
    this.#path = path;
    this.#revision = revision;
    this.#told = revision;
  }

  /** The revision that it would go on from. */
  get revision(): number {
    return this.#revision;
  }

  /** Resolves when the first connection stands, or was refused. */
  start(): Promise<void> {
    return new Promise((connected) => {
      this.#done = this.#follow(connected);
    });
  }

  /** Stops taking bytes from the connection, as a client that hangs. */
  pause(): void {
    this.#isPaused = true;
    this.#socket?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#socket?.resume();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#socket?.destroy();
    await this.#done;
  }

  async #follow(connected: () => void): Promise<void> {
    while (!this.#isStopped) {
      await this.#connect(connected);
      connected();
      // Whoever is refused must list again: this one only watches.
      if (this.#isStopped || this.refusals.length > 0) return;
      this.endings++;
      await systemClock.sleep(RETRY_MS);
    }
  }

  #connect(connected: () => void): Promise<void> {
    const { server, ca, clientCertificate } = this.#access;
    const url = new URL(this.#path, server);
    url.searchParams.set("watch", "true");
    url.searchParams.set("allowWatchBookmarks", "true");
    url.searchParams.set("resourceVersion", String(this.#revision));
    return new Promise((ended) => {
      const sent = request(url, { agent: false, ca, ...clientCertificate }, (response) => {
        this.#socket = response.socket;
        if (this.#isPaused) response.socket.pause();
        connected();
        this.#read(response, ended);
      });
      sent.on("error", () => ended());
      sent.end();
    });
  }

  #read(response: IncomingMessage, ended: () => void): void {
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => {
      text += chunk;
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) this.#take(JSON.parse(line) as WatchLine);
    });
    response.on("error", () => undefined);
    response.on("close", () => {
      if (response.statusCode !== 200) this.#refuse(response.statusCode ?? 0, text);
      ended();
    });
  }

  #refuse(code: number, text: string): void {
    // Nobody was listening, or the server is just going: that is no answer about this watch.
    if (code === 429 || code === 503) return;
    this.refusals.push({ code, message: text.slice(0, 300) });
  }

  #take({ type, object }: WatchLine): void {
    if (type === "ERROR") {
      this.#refuse(object.code ?? 0, object.message ?? "");
      return;
    }
    const revision = Number(object.metadata?.resourceVersion);
    if (type === "BOOKMARK") {
      this.bookmarks++;
      if (revision < this.#told) this.breaches.push(`bookmark ${revision} after ${this.#told}`);
    } else {
      if (revision <= this.#told) this.breaches.push(`${type} at ${revision} after ${this.#told}`);
      this.events.push({ type, name: object.metadata?.name ?? "", revision });
    }
    this.#revision = Math.max(this.#revision, revision);
    this.#told = Math.max(this.#told, revision);
  }
}

/** Starts them all, a few connections at a time. */
export async function startAll(followers: readonly WatchFollower[], atATime = 50): Promise<void> {
  for (let start = 0; start < followers.length; start += atATime) {
    await Promise.all(followers.slice(start, start + atATime).map((follower) => follower.start()));
  }
}
