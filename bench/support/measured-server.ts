/** A server in a process of its own, so that its processor time is not mixed with the client's. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { ServerSetup } from "../servers/setup.ts";

export interface ServerAddress {
  readonly port: number;
  /** HTTP without TLS, with a token instead of a certificate. */
  readonly isPlain: boolean;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** What a server process answers; see `serve` in `servers/ipc.ts`. */
export interface Usage {
  /** User and system time so far. */
  readonly cpuMs: number;
  readonly rssBytes: number;
}

export class MeasuredServer {
  readonly address: ServerAddress;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, address: ServerAddress) {
    this.#child = child;
    this.address = address;
  }

  /** `script` is a file of `bench/servers`. */
  static async start(script: "apiserver.ts" | "bare.ts", setup: ServerSetup): Promise<MeasuredServer> {
    const file = join(import.meta.dirname, "..", "servers", script);
    const child = fork(file, [JSON.stringify(setup)], { execArgv: ["--expose-gc"] });
    const ended = once(child, "exit").then(([code]) => {
      throw new Error(`${script} ended with code ${String(code)} before it served`);
    });
    ended.catch(() => undefined);
    const [address] = (await Promise.race([once(child, "message"), ended])) as [ServerAddress];
    return new MeasuredServer(child, address);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  usage(): Promise<Usage> {
    return this.ask("usage") as Promise<Usage>;
  }

  /** Sends a request to the process and waits for its answer. One at a time. */
  async ask(request: unknown): Promise<unknown> {
    const answered = once(this.#child, "message");
    this.#child.send(request as object);
    return (await answered)[0] as unknown;
  }

  /** Processor time of the server while `body` runs. */
  async cpuOf(body: () => Promise<void>): Promise<number> {
    const before = await this.usage();
    await body();
    return (await this.usage()).cpuMs - before.cpuMs;
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }
}
