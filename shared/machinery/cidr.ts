/** IP addresses and CIDR ranges of both families, as bigints. Text is strict: no leading zeros, no host names. */

export type IpFamily = "IPv4" | "IPv6";

export interface IpAddress {
  readonly family: IpFamily;
  readonly bits: bigint;
}

export interface Cidr {
  readonly family: IpFamily;
  /** The address that was written, with the host bits cleared. */
  readonly network: bigint;
  readonly prefixLength: number;
}

export const addressLength = (family: IpFamily): number => (family === "IPv4" ? 32 : 128);

function parseIpv4Bits(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let bits = 0n;
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bits = bits * 256n + BigInt(part);
  }
  return bits;
}

/** The 16-bit groups of one side of `::`; an IPv4 tail counts as two. */
function parseGroups(text: string, mayHaveTail: boolean): bigint[] | undefined {
  if (text === "") return [];
  const groups: bigint[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (part.includes(".") && mayHaveTail && index === parts.length - 1) {
      const tail = parseIpv4Bits(part);
      if (tail === undefined) return undefined;
      groups.push(tail >> 16n, tail & 0xffffn);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(BigInt(`0x${part}`));
    } else {
      return undefined;
    }
  }
  return groups;
}

function parseIpv6Bits(text: string): bigint | undefined {
  const sides = text.split("::");
  if (sides.length > 2) return undefined;
  const head = parseGroups(sides[0] ?? "", sides.length === 1);
  const tail = parseGroups(sides[1] ?? "", true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (sides.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const zeros = Array.from({ length: missing }, () => 0n);
  return [...head, ...zeros, ...tail].reduce((bits, group) => (bits << 16n) | group, 0n);
}

/** Reads an address of either family; undefined when it is none. */
export function parseIp(text: string): IpAddress | undefined {
  const family: IpFamily = text.includes(":") ? "IPv6" : "IPv4";
  const bits = family === "IPv6" ? parseIpv6Bits(text) : parseIpv4Bits(text);
  return bits === undefined ? undefined : { family, bits };
}

/** The longest run of two or more zero groups, the first of equals; undefined when there is none. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } | undefined {
  let best: { start: number; length: number } | undefined;
  let start = 0;
  for (let index = 0; index <= groups.length; index++) {
    if (groups[index] === 0) continue;
    const length = index - start;
    if (length > 1 && length > (best?.length ?? 0)) best = { start, length };
    start = index + 1;
  }
  return best;
}

function formatIpv6(bits: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => Number((bits >> BigInt(112 - 16 * index)) & 0xffffn));
  const join = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(":");
  const zeros = longestZeroRun(groups);
  if (zeros === undefined) return join(groups);
  return `${join(groups.slice(0, zeros.start))}::${join(groups.slice(zeros.start + zeros.length))}`;
}

/** Canonical text (RFC 5952 for IPv6). */
export function formatIp({ family, bits }: IpAddress): string {
  if (family === "IPv6") return formatIpv6(bits);
  return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 255n).join(".");
}

/** Reads `10.0.0.0/8`; undefined when it is none. */
export function parseCidr(text: string): Cidr | undefined {
  const parts = /^([^/]+)\/(0|[1-9][0-9]{0,2})$/.exec(text);
  const address = parseIp(parts?.[1] ?? "");
  const prefixLength = Number(parts?.[2] ?? Number.NaN);
  if (address === undefined || !(prefixLength <= addressLength(address.family))) return undefined;
  const hostBits = BigInt(addressLength(address.family) - prefixLength);
  return { family: address.family, network: (address.bits >> hostBits) << hostBits, prefixLength };
}

export function formatCidr(cidr: Cidr): string {
  return `${formatIp({ family: cidr.family, bits: cidr.network })}/${cidr.prefixLength}`;
}

/** How many addresses the range has, the network's own and the broadcast address among them. */
export function cidrSize(cidr: Cidr): bigint {
  return 1n << BigInt(addressLength(cidr.family) - cidr.prefixLength);
}

export function cidrContains(cidr: Cidr, address: IpAddress): boolean {
  return cidr.family === address.family && address.bits >= cidr.network && address.bits < cidr.network + cidrSize(cidr);
}

/** True when the ranges share an address. */
export function cidrsOverlap(left: Cidr, right: Cidr): boolean {
  return (
    cidrContains(left, { family: right.family, bits: right.network }) ||
    cidrContains(right, { family: left.family, bits: left.network })
  );
}

/** Address number `index` of the range; undefined when the range is smaller. */
export function addressAt(cidr: Cidr, index: bigint): IpAddress | undefined {
  if (index < 0n || index >= cidrSize(cidr)) return undefined;
  return { family: cidr.family, bits: cidr.network + index };
}

/** Part number `index` of the range when it is cut into ranges of `prefixLength`; undefined when there is none. */
export function subnetAt(cidr: Cidr, prefixLength: number, index: bigint): Cidr | undefined {
  if (prefixLength < cidr.prefixLength || prefixLength > addressLength(cidr.family) || index < 0n) return undefined;
  if (index >= 1n << BigInt(prefixLength - cidr.prefixLength)) return undefined;
  const size = 1n << BigInt(addressLength(cidr.family) - prefixLength);
  return { family: cidr.family, network: cidr.network + index * size, prefixLength };
}
