/**
 * Which kept-alive connections are asked to end (`Connection: close` on an answer), so that their clients connect
 * anew and land on any thread. As upstream's `--goaway-chance`, but once for each connection, and slowly: a new TLS
 * connection costs as much as dozens of requests.
 */
import type { Socket } from "node:net";

/** A second's handshakes take less than a tenth of a core. */
const CLOSES_PER_SECOND = 40;

export class ReconnectBudget {
  readonly #nowMs: () => number;
  /** How often `ask` had been called when it was made. */
  readonly #madeAt = new WeakMap<Socket, number>();
  #asked = 0;
  #secondStartMs = Number.NEGATIVE_INFINITY;
  #closesLeft = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  note(connection: Socket): void {
    this.#madeAt.set(connection, this.#asked);
  }

  /** From now on the connections that there are get asked, once each. */
  ask(): void {
    this.#asked++;
  }

  /** Whether the answer on that connection is to be its last. */
  isLast(connection: Socket): boolean {
    if (this.#asked === 0 || (this.#madeAt.get(connection) ?? this.#asked) === this.#asked) return false;
    const nowMs = this.#nowMs();
    if (nowMs - this.#secondStartMs >= 1000) {
      this.#secondStartMs = nowMs;
      this.#closesLeft = CLOSES_PER_SECOND;
    }
    if (this.#closesLeft === 0) return false;
    this.#closesLeft--;
    this.#madeAt.delete(connection);
    return true;
  }
}
