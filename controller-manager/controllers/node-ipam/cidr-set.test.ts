import fc from "fast-check";
import { parseCidr } from "../../../shared/machinery/cidr.ts";
import { CidrSet } from "./cidr-set.ts";

const setOf = (range: string, prefixLength: number): CidrSet => {
  const cidr = parseCidr(range);
  if (cidr === undefined) throw new Error(range);
  return new CidrSet(cidr, prefixLength);
};

describe("the ranges of nodes", () => {
  it("are never given twice, whatever is released in between", () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat(15)), { maxLength: 60 }), (steps) => {
        const cidrs = setOf("10.244.0.0/20", 24);
        const held: string[] = [];
        for (const release of steps) {
          const given = release === null ? cidrs.allocate() : undefined;
          if (given !== undefined) {
            expect(held).not.toContain(given);
            held.push(given);
          } else if (release !== null) {
            const [freed] = held.splice(release % Math.max(1, held.length), 1);
            if (freed !== undefined) cidrs.release(freed);
          } else expect(held).toHaveLength(16);
        }
      }),
    );
  });

  it("leave out what overlaps a range that is taken, of any size", () => {
    const cidrs = setOf("10.244.0.0/22", 24);
    cidrs.occupy("10.244.1.128/25");
    cidrs.occupy("10.244.2.0/23");
    cidrs.occupy("192.168.0.0/16");
    expect([cidrs.allocate(), cidrs.allocate()]).toEqual(["10.244.0.0/24", undefined]);
  });

  it("are refused when the mask does not fit", () => {
    expect(() => setOf("10.244.0.0/24", 16)).toThrow("larger than the cluster range");
    expect(() => setOf("10.0.0.0/8", 30)).toThrow("too small for the cluster range");
  });
});
