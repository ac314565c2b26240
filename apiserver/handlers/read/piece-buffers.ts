/**
 * Memory for the pieces of long answers, used again as soon as a piece is written: fresh memory for each would cost
 * more than sending it, in page faults and in the garbage collector.
 *
 * Q1  A buffer is lent to one piece at a time, from `join` until `release`; one that is never released is forgotten.
 */

/** A slab at its largest, with its commas. */
const BUFFER_BYTES = 264 * 1024;
/** Kept for the next list. */
const FREE_MAX = 32;

export class PieceBuffers {
  #free: Buffer[] = [];
  readonly #lent = new WeakMap<ArrayBufferLike, Buffer>();

  /** `parts`, which are so long together, one after the other. */
  join(parts: readonly Buffer[], byteLength: number): Buffer {
    if (byteLength > BUFFER_BYTES) return Buffer.concat(parts, byteLength);
    const whole = this.#free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
    this.#lent.set(whole.buffer, whole);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole.subarray(0, byteLength);
  }

  /** A piece, or a part of one, that nobody reads any more; others are left alone. */
  release({ buffer }: Buffer): void {
    const whole = this.#lent.get(buffer);
    if (whole === undefined) return;
    this.#lent.delete(buffer);
    if (this.#free.length < FREE_MAX) this.#free.push(whole);
  }
}

/** Those of all answers. */
export const pieceBuffers = new PieceBuffers();
