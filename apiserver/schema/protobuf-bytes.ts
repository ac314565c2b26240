/**
 * Protobuf written from its end to its beginning, as gogo/protobuf does: the length of what was written is known when
 * the bytes before it are due, so nothing is measured first.
 */
const BYTES_AT_FIRST = 64 * 1024;
/** Shorter texts are written faster without leaving JavaScript. */
const SHORT_TEXT = 48;
const VARINT_BYTES_MAX = 10;

export class BackwardBytes {
  #buffer = Buffer.allocUnsafe(BYTES_AT_FIRST);
  #at = BYTES_AT_FIRST;

  /** Bytes written so far. */
  get length(): number {
    return this.#buffer.length - this.#at;
  }

  /** A copy of what was written; starts again. */
  take(): Buffer {
    const bytes = Buffer.from(this.#buffer.subarray(this.#at));
    this.clear();
    return bytes;
  }

  /** Starts again, whatever was left. */
  clear(): void {
    this.#at = this.#buffer.length;
  }

  byte(value: number): void {
    if (this.#at === 0) this.#grow(1);
    this.#buffer[--this.#at] = value;
  }

  /** An integer of at most 53 bits. */
  varint(value: number): void {
    if (value < 0) return this.varint64(BigInt(value));
    if (value < 0x80) return this.byte(value);
    let size = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
    this.#grow(size);
    this.#at -= size;
    let rest = value;
    for (let index = this.#at; index < this.#at + size - 1; index++) {
      this.#buffer[index] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#at + size - 1] = rest;
  }

  varint64(value: bigint): void {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, value);
    while (rest >= 0x80n && bytes.length < VARINT_BYTES_MAX) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    this.bytes(Uint8Array.from(bytes));
  }

  double(value: number): void {
    this.#grow(8);
    this.#at -= 8;
    this.#buffer.writeDoubleLE(value, this.#at);
  }

  bytes(value: Uint8Array): void {
    this.#grow(value.length);
    this.#at -= value.length;
    this.#buffer.set(value, this.#at);
  }

  /** UTF-8, with its length before it. */
  text(value: string): void {
    const size = this.#shortText(value) ? value.length : this.#anyText(value);
    this.varint(size);
  }

  /** Whether it was short and ASCII, and so was written. */
  #shortText(value: string): boolean {
    const { length } = value;
    if (length > SHORT_TEXT) return false;
    this.#grow(length);
    const at = this.#at - length;
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) return false;
      this.#buffer[at + index] = code;
    }
    this.#at = at;
    return true;
  }

  #anyText(value: string): number {
    const size = Buffer.byteLength(value);
    this.#grow(size);
    this.#at -= size;
    this.#buffer.write(value, this.#at, "utf8");
    return size;
  }

  #grow(needed: number): void {
    if (this.#at >= needed) return;
    const { length } = this;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, length + needed));
    this.#buffer.copy(larger, larger.length - length, this.#at);
    this.#buffer = larger;
    this.#at = larger.length - length;
  }
}
