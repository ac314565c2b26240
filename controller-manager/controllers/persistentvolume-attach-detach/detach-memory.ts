/** Since when attachments have not been wanted any more, by what we have seen; a restart counts anew, as upstream. */
export class DetachMemory {
  readonly #since = new Map<string, number>();

  /** When it was first seen unwanted. */
  unwantedSinceMs(name: string, nowMs: number): number {
    const known = this.#since.get(name);
    if (known !== undefined) return known;
    this.#since.set(name, nowMs);
    return nowMs;
  }

  forget(name: string): void {
    this.#since.delete(name);
  }
}
