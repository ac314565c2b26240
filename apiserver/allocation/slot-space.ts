/** What can be allocated: the addresses of a service range, or the node ports. Slots are numbered from 0. Pure. */
import {
  addressAt,
  type Cidr,
  cidrContains,
  cidrSize,
  formatCidr,
  formatIp,
  type IpFamily,
  parseCidr,
  parseIp,
} from "../../shared/machinery/cidr.ts";
import type { RecordKind } from "./allocation-record.ts";

export interface SlotSpace {
  readonly keyPrefix: string;
  readonly recordKind: RecordKind;
  /** First and last slot that may be taken. */
  readonly first: number;
  readonly last: number;
  /** Slots below it are left to static requests until the others are used up. */
  readonly dynamicFrom: number;
  /** Never given out by itself: the address of the `kubernetes` Service. */
  readonly reserved: number | undefined;
  /** Last part of the key. */
  nameOf(slot: number): string;
  /** Undefined for what is not in the space. */
  slotOf(name: string): number | undefined;
  /** `10.96.0.0/12` or `30000-32767`. */
  readonly text: string;
}

export interface AddressSpace extends SlotSpace {
  readonly family: IpFamily;
}

/** Slots are doubles and are searched one by one: larger ranges are used up to here. */
const SLOTS_MAX = 2 ** 31;

/** Size of the band for static requests: a part of the range, within bounds; none in tiny ranges. */
function staticBand(size: number, part: number, max: number): number {
  const MIN = 16;
  return size < MIN ? 0 : Math.min(Math.max(MIN, Math.floor(size / part)), max);
}

function lastOf(cidr: Cidr): number {
  const size = cidrSize(cidr);
  const usable = cidr.family === "IPv4" ? size - 2n : size - 1n;
  return usable > BigInt(SLOTS_MAX) ? SLOTS_MAX : Number(usable);
}

/** Throws when `range` is no CIDR or too small to hold one address beside the first. */
export function addressSpace(range: string): AddressSpace {
  const cidr = parseCidr(range);
  if (cidr === undefined) throw new Error(`invalid CIDR address: ${range}`);
  const last = lastOf(cidr);
  if (last < 2) throw new Error(`the service cluster IP range must be at least 8 IP addresses: ${range}`);
  const { family } = cidr;
  return {
    keyPrefix: "/registry/ipaddresses/",
    recordKind: {
      apiVersion: "networking.k8s.io/v1",
      kind: "IPAddress",
      labels: {
        "ipaddress.kubernetes.io/ip-family": family,
        "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
      },
    },
    family,
    first: 1,
    last,
    dynamicFrom: 1 + staticBand(last, 16, 256),
    reserved: 1,
    nameOf: (slot) => formatIp(addressAt(cidr, BigInt(slot)) ?? { family, bits: cidr.network }),
    slotOf: (name) => {
      const address = parseIp(name);
      if (address === undefined || !cidrContains(cidr, address)) return undefined;
      const slot = Number(address.bits - cidr.network);
      return slot >= 1 && slot <= last ? slot : undefined;
    },
    text: formatCidr(cidr),
  };
}

const PORT_RANGE = /^([0-9]+)-([0-9]+)$/;

/** Throws when `range` is not `FROM-TO`. */
export function nodePortSpace(range: string): SlotSpace {
  const [, from = "", to = ""] = PORT_RANGE.exec(range) ?? [];
  const base = Number(from);
  const last = Number(to) - base;
  if (from === "" || last < 0 || base + last > 65_535) throw new Error(`invalid port range: ${range}`);
  return {
    keyPrefix: "/registry/ranges/servicenodeports/",
    recordKind: { apiVersion: "v1", kind: "NodePortAllocation", labels: {} },
    first: 0,
    last,
    dynamicFrom: staticBand(last + 1, 32, 128),
    reserved: undefined,
    nameOf: (slot) => String(base + slot),
    slotOf: (name) => {
      const slot = Number(name) - base;
      return Number.isInteger(slot) && slot >= 0 && slot <= last ? slot : undefined;
    },
    text: range,
  };
}
