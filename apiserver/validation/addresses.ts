/** IP addresses and ranges as text; strict forms only (no leading zeros, no zones). */

const OCTET = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const IPV4 = new RegExp(`^${OCTET}(\\.${OCTET}){3}$`);

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
    (group, index) => /^[0-9a-fA-F]{1,4}$/.test(group) || (index === groups.length - 1 && isIpv4(group)),
  );
  return areValid && (halves.length === 2 ? count < 8 : count === 8);
}

export function isIp(text: string): boolean {
  return isIpv4(text) || isIpv6(text);
}

/** `10.0.0.0/24`. */
export function isCidr(text: string): boolean {
  const [address = "", bits = "", more] = text.split("/");
  if (more !== undefined || !/^\d{1,3}$/.test(bits)) return false;
  return (isIpv4(address) && Number(bits) <= 32) || (isIpv6(address) && Number(bits) <= 128);
}

export const IP_RULE = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
export const CIDR_RULE = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
