/**
 * Everything that one write of a Service takes and gives back (upstream: `storage/transaction.go`,
 * `portallocator/operation.go`). Slots are taken at once; they are given back only when the write is decided.
 */
import type { Owner } from "./allocation-record.ts";
import type { SlotTable } from "./slot-table.ts";

interface HeldSlot {
  readonly table: SlotTable;
  readonly slot: number;
}

export class AllocationAttempt {
  readonly #owner: Owner;
  readonly #isDryRun: boolean;
  readonly #claimed: HeldSlot[] = [];
  readonly #leaving: HeldSlot[] = [];

  constructor(owner: Owner, isDryRun: boolean) {
    this.#owner = owner;
    this.#isDryRun = isDryRun;
  }

  /** False when the slot is taken. */
  async claim(table: SlotTable, slot: number): Promise<boolean> {
    if (this.#isDryRun) return table.isFree(slot);
    const isClaimed = await table.claim(slot, this.#owner);
    if (isClaimed) this.#claimed.push({ table, slot });
    return isClaimed;
  }

  /** Nothing when the space is full. */
  async claimNext(table: SlotTable): Promise<number | undefined> {
    if (this.#isDryRun) return table.peekNext();
    const slot = await table.claimNext(this.#owner);
    if (slot !== undefined) this.#claimed.push({ table, slot });
    return slot;
  }

  releaseWhenCommitted(table: SlotTable, slot: number): void {
    if (!this.#isDryRun) this.#leaving.push({ table, slot });
  }

  async commit(): Promise<void> {
    for (const { table, slot } of this.#leaving) await table.release(slot, this.#owner);
  }

  async abort(): Promise<void> {
    for (const { table, slot } of this.#claimed) await table.release(slot, this.#owner);
  }
}
