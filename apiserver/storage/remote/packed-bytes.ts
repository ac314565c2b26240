import type { StorageEvent, StoredValue } from "../storage.ts";
import type { PackedEvent, PackedValue, Slice } from "./messages.ts";

/** Collects the values of one message. */
export class BytesPacker {
  #parts: Buffer[] = [];
  #length = 0;

  add(value: Buffer): Slice {
    const slice = [this.#length, value.length] as const;
    this.#parts.push(value);
    this.#length += value.length;
    return slice;
  }

  addItem({ key, value, modRevision, createRevision }: StoredValue): PackedValue {
    return { key, value: this.add(value), modRevision, createRevision };
  }

  addEvent(event: StorageEvent): PackedEvent {
    return event.type === "put" ? { type: "put", item: this.addItem(event.item) } : event;
  }

  /** All bytes in one buffer of their own, to be transferred; begins anew. */
  take(): ArrayBuffer {
    const packed = new ArrayBuffer(this.#length);
    const target = new Uint8Array(packed);
    let at = 0;
    for (const part of this.#parts) {
      target.set(part, at);
      at += part.length;
    }
    this.#parts = [];
    this.#length = 0;
    return packed;
  }
}

export function unpackItem(bytes: ArrayBuffer, { key, value, modRevision, createRevision }: PackedValue): StoredValue {
  return { key, value: unpack(bytes, value), modRevision, createRevision };
}

export function unpackEvent(bytes: ArrayBuffer, event: PackedEvent): StorageEvent {
  return event.type === "put" ? { type: "put", item: unpackItem(bytes, event.item) } : event;
}

export function unpack(bytes: ArrayBuffer, [offset, length]: Slice): Buffer {
  return Buffer.from(bytes, offset, length);
}
