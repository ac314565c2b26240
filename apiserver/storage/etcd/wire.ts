/** The few parts of protobuf's wire format that etcd's key-value messages need. */
import { invariant } from "../../../shared/errors/invariant.ts";

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;
const MORE = 0x80;
/** Ten bytes hold 64 bits; a number that we read fits 53 of them, or is cut by whoever asks for a number. */
const VARINT_BYTES_MAX = 10;

/** Bytes of one field, or none. */
export type Field = readonly Uint8Array[];

function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest >= MORE) {
    bytes.push(Number(rest & 0x7fn) | MORE);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/** Most lengths and revisions: without big integers. */
function smallVarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= MORE) {
    bytes.push((rest % MORE) | MORE);
    rest = Math.floor(rest / MORE);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** A field of bytes, text or a message. */
export function bytesField(number: number, parts: readonly Uint8Array[]): Field {
  let length = 0;
  for (const part of parts) length += part.length;
  return [smallVarint(number * 8 + LENGTH_DELIMITED), smallVarint(length), ...parts];
}

/** A field of an integer that is not negative, or is a 64-bit id. */
export function numberField(number: number, value: number | bigint): Field {
  return [smallVarint(number * 8 + VARINT), typeof value === "bigint" ? varint(value) : smallVarint(value)];
}

/** Goes through the fields of a message. Throws when the bytes end in the middle of one. */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;
  #type = VARINT;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Number of the next field, whose value must be read or skipped before the next call; 0 at the end. */
  next(): number {
    if (this.#at >= this.#bytes.length) return 0;
    const tag = this.number();
    this.#type = tag % 8;
    return Math.floor(tag / 8);
  }

  number(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < VARINT_BYTES_MAX; count++) {
      const byte = this.#bytes[this.#at++];
      invariant(byte !== undefined, "an answer of etcd ended early");
      value += (byte % MORE) * scale;
      if (byte < MORE) return value;
      scale *= MORE;
    }
    throw new Error("an answer of etcd holds a number that has no end");
  }

  /** A part of the message, not a copy. */
  bytes(): Buffer {
    const length = this.number();
    const from = this.#at;
    this.#at += length;
    invariant(this.#at <= this.#bytes.length, "an answer of etcd ended early");
    return this.#bytes.subarray(from, this.#at);
  }

  /** Leaves out the value of a field that nobody asked for. */
  skip(): void {
    switch (this.#type) {
      case VARINT:
        this.number();
        return;
      case FIXED64:
        this.#at += 8;
        return;
      case LENGTH_DELIMITED:
        this.bytes();
        return;
      case FIXED32:
        this.#at += 4;
        return;
      default:
        throw new Error(`an answer of etcd holds wire type ${this.#type}`);
    }
  }
}
