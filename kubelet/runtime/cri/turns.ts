import { RuntimeCallError } from "../runtime-error.ts";

/**
 * At most so many of a kind of call at the same time; the others wait in the order in which they came. A sandbox forks
 * a dozen programs: more of them at once than the processors carry only makes each of them late.
 */
export class Turns {
  readonly #most: number;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Rejects as cancelled when `signal` aborts before its turn. */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#running >= this.#most) await this.#turn(signal);
    else this.#running++;
    try {
      return await work();
    } finally {
      const [next] = this.#waiting;
      if (next === undefined) this.#running--;
      else next();
    }
  }

  /** Who had the turn before hands it on: the number of those that run stays. */
  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(start);
        signal?.removeEventListener("abort", giveUp);
      };
      const start = (): void => {
        leave();
        resolve();
      };
      const giveUp = (): void => {
        leave();
        reject(new RuntimeCallError("cancelled", "the call was cancelled while it waited"));
      };
      this.#waiting.add(start);
      if (signal?.aborted === true) giveUp();
      else signal?.addEventListener("abort", giveUp, { once: true });
    });
  }
}
