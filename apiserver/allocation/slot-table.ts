/**
 * Takes and frees slots of one space (upstream: `ipallocator/ipallocator.go`, `portallocator/allocator.go`).
 *
 * A1  A slot belongs to whoever created its key: creation when absent is the only lock, so that any number of
 *     apiservers allocate side by side and a restart forgets nothing.
 * A2  What this process believes to be taken only spares it useless attempts; before it says that a space is full it
 *     looks at the store.
 * A3  A key is deleted only at the revision at which it was seen to belong to the owner.
 */
import type { Clock } from "../../shared/process/clock.ts";
import type { Storage } from "../storage/storage.ts";
import { type AllocationRecord, decodeRecord, encodeRecord, isSameOwner, type Owner } from "./allocation-record.ts";
import type { SlotSpace } from "./slot-space.ts";

export interface SlotTableOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly space: SlotSpace;
  newUid(): string;
}

/** Who owns the reserved slot, for ever. */
export const RESERVED_OWNER: Owner = { namespace: "default", name: "kubernetes" };

export class SlotTable {
  readonly space: SlotSpace;
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #newUid: () => string;
  #taken: Set<number> | undefined;

  constructor({ storage, clock, space, newUid }: SlotTableOptions) {
    this.space = space;
    this.#storage = storage;
    this.#clock = clock;
    this.#newUid = newUid;
  }

  keyOf(slot: number): string {
    return `${this.space.keyPrefix}${this.space.nameOf(slot)}`;
  }

  encode(slot: number, record: AllocationRecord): Buffer {
    return encodeRecord(this.space.recordKind, this.space.nameOf(slot), this.#newUid(), record);
  }

  /** Takes that very slot; false when it is somebody else's. */
  async claim(slot: number, owner: Owner): Promise<boolean> {
    if (slot === this.space.reserved && !isSameOwner(owner, RESERVED_OWNER)) return false;
    const value = this.encode(slot, { owner, createdAtMs: this.#clock.nowMs() });
    const result = await this.#storage.create(this.keyOf(slot), value);
    this.#taken?.add(slot);
    if (result.kind === "written") return true;
    // Only one writer can create the Service of that name: its key is left over from a write that did not happen.
    const present = result.current === undefined ? undefined : decodeRecord(result.current.value);
    return slot === this.space.reserved && present !== undefined && isSameOwner(present.owner, RESERVED_OWNER);
  }

  /** Takes any free slot, the upper band first; nothing when there is none. */
  async claimNext(owner: Owner): Promise<number | undefined> {
    return (await this.#claimFree(owner)) ?? (await this.#claimFreeAfterReload(owner));
  }

  /** For a dry run: whether `claim` would succeed. */
  async isFree(slot: number): Promise<boolean> {
    return slot !== this.space.reserved && (await this.#storage.get(this.keyOf(slot))).item === undefined;
  }

  /** For a dry run: a slot that `claimNext` could give. */
  async peekNext(): Promise<number | undefined> {
    this.#taken = await this.#load();
    for (const slot of this.#candidates(this.#taken)) return slot;
    return undefined;
  }

  /** Gives the slot back; nothing happens when it is not the owner's. */
  async release(slot: number, owner: Owner): Promise<void> {
    if (slot === this.space.reserved) return;
    const { item } = await this.#storage.get(this.keyOf(slot));
    if (item !== undefined) {
      if (!isSameOwner(decodeRecord(item.value).owner, owner)) return;
      await this.#storage.delete(item.key, item.modRevision);
    }
    this.#taken?.delete(slot);
  }

  async #claimFree(owner: Owner): Promise<number | undefined> {
    this.#taken ??= await this.#load();
    for (const slot of this.#candidates(this.#taken)) {
      if (await this.claim(slot, owner)) return slot;
    }
    return undefined;
  }

  async #claimFreeAfterReload(owner: Owner): Promise<number | undefined> {
    this.#taken = undefined;
    return this.#claimFree(owner);
  }

  async #load(): Promise<Set<number>> {
    const { items } = await this.#storage.range(this.space.keyPrefix);
    const slots = items.map((item) => this.space.slotOf(item.key.slice(this.space.keyPrefix.length)));
    return new Set(slots.filter((slot) => slot !== undefined));
  }

  /** Slots believed free, from a random one on, through the upper band and then through the lower one. */
  *#candidates(taken: ReadonlySet<number>): Generator<number> {
    const { first, last, dynamicFrom, reserved } = this.space;
    const bands = [
      { from: dynamicFrom, to: last },
      { from: first, to: dynamicFrom - 1 },
    ];
    for (const { from, to } of bands) {
      const size = to - from + 1;
      const start = Math.floor(this.#clock.random() * size);
      for (let step = 0; step < size; step += 1) {
        const slot = from + ((start + step) % size);
        if (slot !== reserved && !taken.has(slot)) yield slot;
      }
    }
  }
}
