import { isIPv6 } from "node:net";
import fc from "fast-check";
import {
  addressAt,
  cidrContains,
  cidrSize,
  cidrsOverlap,
  formatCidr,
  formatIp,
  parseCidr,
  parseIp,
  subnetAt,
} from "./cidr.ts";

const cidr = (text: string) => {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new Error(`${text} is no range`);
  return parsed;
};
const ip = (text: string) => {
  const parsed = parseIp(text);
  if (parsed === undefined) throw new Error(`${text} is no address`);
  return parsed;
};

describe("addresses", () => {
  it.each([
    ["10.0.0.1", "10.0.0.1"],
    ["::", "::"],
    ["::1", "::1"],
    ["fd00::", "fd00::"],
    ["FD00:0:0:1:0:0:0:2", "fd00:0:0:1::2"],
    ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
    ["::ffff:10.0.0.1", "::ffff:a00:1"],
  ])("%s prints as %s", (text, expected) => {
    expect(formatIp(ip(text))).toBe(expected);
  });

  it.each([
    "",
    "10.0.0",
    "10.0.0.256",
    "10.0.0.01",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "12345::",
    "a.b.c.d",
    "1:2:3:4:5:6:7::8",
  ])("refuses %j", (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  it("reads back every IPv6 address it prints", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 0xffffn })), { minLength: 8, maxLength: 8 }),
        (groups) => {
          const bits = groups.reduce((sum, group) => (sum << 16n) | group, 0n);
          const text = formatIp({ family: "IPv6", bits });
          expect(isIPv6(text)).toBe(true);
          expect(ip(text).bits).toBe(bits);
        },
      ),
    );
  });
});

describe("ranges", () => {
  it("clears host bits", () => {
    expect(formatCidr(cidr("10.1.2.3/16"))).toBe("10.1.0.0/16");
    expect(cidrSize(cidr("10.0.0.0/24"))).toBe(256n);
  });

  it.each(["10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "::/129", "x/8", "10.0.0.0/08"])("refuses %j", (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });

  it("knows its members", () => {
    expect(cidrContains(cidr("10.96.0.0/12"), ip("10.111.255.255"))).toBe(true);
    expect(cidrContains(cidr("10.96.0.0/12"), ip("10.112.0.0"))).toBe(false);
    expect(cidrContains(cidr("10.96.0.0/12"), ip("::1"))).toBe(false);
    expect(cidrsOverlap(cidr("10.0.0.0/8"), cidr("10.96.0.0/12"))).toBe(true);
    expect(cidrsOverlap(cidr("10.0.0.0/16"), cidr("10.1.0.0/16"))).toBe(false);
  });

  it("counts addresses and parts", () => {
    const first = addressAt(cidr("10.96.0.0/12"), 1n);
    expect(first && formatIp(first)).toBe("10.96.0.1");
    expect(addressAt(cidr("10.0.0.0/30"), 4n)).toBeUndefined();
    const part = subnetAt(cidr("10.244.0.0/16"), 24, 3n);
    expect(part && formatCidr(part)).toBe("10.244.3.0/24");
    expect(subnetAt(cidr("10.244.0.0/16"), 24, 256n)).toBeUndefined();
  });
});
