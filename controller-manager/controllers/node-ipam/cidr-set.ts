/**
 * Which subnets of the cluster's range are taken (upstream: `pkg/controller/nodeipam/ipam/cidrset`).
 *
 * Invariants:
 * N1 A subnet is handed out at most once until it is released.
 * N2 Any address range that overlaps a subnet takes it, also one of another size.
 */
import {
  addressLength,
  type Cidr,
  cidrsOverlap,
  formatCidr,
  parseCidr,
  subnetAt,
} from "../../../shared/machinery/cidr.ts";

/** As upstream: at most 16 bits of node subnets in one range. */
export const SUBNET_BITS_MAX = 16;

export class CidrSet {
  readonly #range: Cidr;
  readonly #prefixLength: number;
  readonly #count: number;
  readonly #taken = new Set<number>();
  /** Where the search for a free one goes on, so that a released subnet is not used again at once. */
  #next = 0;

  /** Throws when the mask does not fit the range. */
  constructor(range: Cidr, prefixLength: number) {
    const bits = prefixLength - range.prefixLength;
    if (bits < 0) throw new Error(`node mask /${prefixLength} is larger than the cluster range ${formatCidr(range)}`);
    if (bits > SUBNET_BITS_MAX || prefixLength > addressLength(range.family)) {
      throw new Error(`node mask /${prefixLength} is too small for the cluster range ${formatCidr(range)}`);
    }
    this.#range = range;
    this.#prefixLength = prefixLength;
    this.#count = 2 ** bits;
  }

  /** A free subnet, which is taken from now on; nothing when all are taken. */
  allocate(): string | undefined {
    for (let tried = 0; tried < this.#count; tried++) {
      const index = (this.#next + tried) % this.#count;
      if (this.#taken.has(index)) continue;
      this.#taken.add(index);
      this.#next = (index + 1) % this.#count;
      return this.#textOf(index);
    }
    return undefined;
  }

  /** Takes what overlaps `cidr`. */
  occupy(cidr: string): void {
    for (const index of this.#overlapping(cidr)) this.#taken.add(index);
  }

  release(cidr: string): void {
    for (const index of this.#overlapping(cidr)) this.#taken.delete(index);
  }

  #textOf(index: number): string | undefined {
    const subnet = subnetAt(this.#range, this.#prefixLength, BigInt(index));
    return subnet === undefined ? undefined : formatCidr(subnet);
  }

  *#overlapping(text: string): Generator<number> {
    const cidr = parseCidr(text);
    if (cidr === undefined || !cidrsOverlap(this.#range, cidr)) return;
    for (let index = 0; index < this.#count; index++) {
      const subnet = subnetAt(this.#range, this.#prefixLength, BigInt(index));
      if (subnet !== undefined && cidrsOverlap(subnet, cidr)) yield index;
    }
  }
}
