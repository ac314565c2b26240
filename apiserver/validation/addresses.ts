/** IP addresses and ranges as text; strict forms only (no leading zeros, no zones). */
import {
  addressLength,
  type Cidr,
  cidrContains,
  formatCidr,
  formatIp,
  type IpAddress,
  parseCidr,
  parseIp,
} from "../../shared/machinery/cidr.ts";

const OCTET = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const IPV4 = new RegExp(`^${OCTET}(\\.${OCTET}){3}$`);
const SLOPPY_IPV4 = /^\d+(\.\d+){3}$/;
const HEX_GROUP = /^[0-9a-fA-F]{1,4}$/;
/** `::ffff:0:0/96`, above the last 32 bits. */
const MAPPED_PREFIX = 0xffffn;
const MAPPED_PREFIX_LENGTH = 96;

export function isIpv4(text: string): boolean {
  return IPV4.test(text);
}

export function isIpv6(text: string): boolean {
  if (!text.includes(":") || text.includes(":::")) return false;
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  const last = groups.at(-1) ?? "";
  const count = groups.length + (last.includes(".") ? 1 : 0);
  const areValid = groups.every(
    (group, index) => HEX_GROUP.test(group) || (index === groups.length - 1 && isIpv4(group)),
  );
  return areValid && (halves.length === 2 ? count < 8 : count === 8);
}

export function isIp(text: string): boolean {
  return isIpv4(text) || isIpv6(text);
}

export const IP_RULE = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
const CIDR_RULE = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

function isMapped({ family, bits }: IpAddress): boolean {
  return family === "IPv6" && bits >> 32n === MAPPED_PREFIX;
}

/** The address with the leading zeros of its octets gone; the text itself when it has none. */
function withoutLeadingZeros(text: string): string {
  if (!SLOPPY_IPV4.test(text)) return text;
  return text
    .split(".")
    .map((octet) => String(Number(octet)))
    .join(".");
}

/** What is wrong with an address (`util/validation/ip.go`: IsValidIPForLegacyField, strict); canonical form is not asked. */
export function ipProblems(text: string): string[] {
  const address = parseIp(text);
  if (address !== undefined) return isMapped(address) ? ["must not be an IPv4-mapped IPv6 address"] : [];
  return parseIp(withoutLeadingZeros(text)) === undefined ? [IP_RULE] : ["must not have leading 0s"];
}

/** What is wrong with a range (IsValidCIDRForLegacyField, strict). */
export function cidrProblems(text: string): string[] {
  const [address = "", bits = ""] = text.split("/");
  const range = parseCidr(text);
  if (range === undefined) {
    const repaired = parseCidr(`${withoutLeadingZeros(address)}/${/^\d+$/.test(bits) ? Number(bits) : bits}`);
    return [repaired === undefined ? CIDR_RULE : "must not have leading 0s in IP or prefix length"];
  }
  const first = parseIp(address);
  if (first !== undefined && isMapped(first)) return ["must not have an IPv4-mapped IPv6 address"];
  return first?.bits === range.network ? [] : ["must not have bits set beyond the prefix length"];
}

/** What is wrong with an address of a newer field (IsValidIP): it has one spelling only. */
export function strictIpProblems(text: string): string[] {
  const problems = ipProblems(text);
  const address = parseIp(text);
  if (problems.length > 0 || address === undefined) return problems;
  const canonical = formatIp(address);
  return canonical === text ? [] : [`must be in canonical form (${JSON.stringify(canonical)})`];
}

/** The same of a range (IsValidCIDR). */
export function strictCidrProblems(text: string): string[] {
  const problems = cidrProblems(text);
  const range = parseCidr(text);
  if (problems.length > 0 || range === undefined) return problems;
  const canonical = formatCidr(range);
  return canonical === text ? [] : [`must be in canonical form (${JSON.stringify(canonical)})`];
}

/** The same of an address with the length of its range (IsValidInterfaceAddress); leading zeros are not its canonical form. */
export function interfaceAddressProblems(text: string): string[] {
  const [address = "", bits = "", more] = text.split("/");
  const parsed = parseIp(withoutLeadingZeros(address));
  const length = /^\d+$/.test(bits) ? Number(bits) : Number.NaN;
  if (parsed === undefined || more !== undefined || !(length <= addressLength(parsed.family)))
    return ["must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)"];
  const canonical = isMapped(parsed)
    ? `${formatIp({ family: "IPv4", bits: parsed.bits & 0xffff_ffffn })}/${Math.max(0, length - MAPPED_PREFIX_LENGTH)}`
    : `${formatIp(parsed)}/${length}`;
  return canonical === text ? [] : [`must be in canonical form (${JSON.stringify(canonical)})`];
}

/** Ranges that mean something else than an endpoint, with what is said of an address in them. */
const SPECIAL_RANGES: readonly (readonly [Cidr, string])[] = (
  [
    ["127.0.0.0/8", "may not be in the loopback range (127.0.0.0/8, ::1/128)"],
    ["::1/128", "may not be in the loopback range (127.0.0.0/8, ::1/128)"],
    ["169.254.0.0/16", "may not be in the link-local range (169.254.0.0/16, fe80::/10)"],
    ["fe80::/10", "may not be in the link-local range (169.254.0.0/16, fe80::/10)"],
    ["224.0.0.0/24", "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"],
    ["ff02::/16", "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"],
  ] as const
).flatMap(([range, why]) => {
  const cidr = parseCidr(range);
  return cidr === undefined ? [] : [[cidr, why] as const];
});

/** Why traffic cannot be sent to an address from everywhere (`ValidateEndpointIP`). */
export function specialIpProblems(text: string): string[] {
  const address = parseIp(text);
  if (address === undefined) return ["must be a valid IP address"];
  if (address.bits === 0n) return [`may not be unspecified (${text})`];
  return SPECIAL_RANGES.flatMap(([range, why]) => (cidrContains(range, address) ? [why] : []));
}

/** Texts for a `Warning` header about an address that is not in canonical form. */
export function ipWarnings(field: string, text: string): string[] {
  const address = parseIp(text);
  if (address === undefined) {
    const repaired = parseIp(withoutLeadingZeros(text));
    const use = repaired === undefined ? "" : formatIp(repaired);
    return use === "" ? [] : [`${field}: non-standard IP address ${JSON.stringify(text)} is invalid: use "${use}"`];
  }
  if (isMapped(address)) {
    const plain = formatIp({ family: "IPv4", bits: address.bits & 0xffff_ffffn });
    return [`${field}: non-standard IP address ${JSON.stringify(text)} is invalid: use "${plain}"`];
  }
  const canonical = formatIp(address);
  if (address.family === "IPv4" || canonical === text) return [];
  return [`${field}: IPv6 address ${JSON.stringify(text)} should be in RFC 5952 canonical format ("${canonical}")`];
}

/** The same for a range. */
export function cidrWarnings(field: string, text: string): string[] {
  const range = parseCidr(text);
  if (range === undefined) return [];
  const canonical = formatCidr(range);
  const address = parseIp(text.split("/")[0] ?? "");
  if (address !== undefined && address.bits !== range.network) {
    const single = `${formatIp(address)}/${addressLength(address.family)}`;
    return [
      `${field}: CIDR value ${JSON.stringify(text)} is ambiguous in this context (should be "${canonical}" or "${single}"?)`,
    ];
  }
  if (range.family === "IPv4" || canonical === text) return [];
  return [`${field}: IPv6 CIDR value ${JSON.stringify(text)} should be in RFC 5952 canonical format ("${canonical}")`];
}

/** Whether two addresses are one of each family, as a dual-stack pair must be. */
export function isDualStack(addresses: readonly string[]): boolean {
  return addresses.some(isIpv4) && addresses.some(isIpv6);
}
