import fc from "fast-check";
import {
  addQuantities,
  canonicalQuantity,
  canonicalResourceQuantity,
  compareQuantities,
  formatQuantity,
  milliValue,
  parseQuantity,
  subtractQuantities,
  value,
} from "./quantity.ts";

describe("canonicalQuantity", () => {
  it.each([
    ["0", "0"],
    ["0Ki", "0"],
    ["0.5", "500m"],
    ["1.5", "1500m"],
    ["1000m", "1"],
    ["1500", "1500"],
    ["1000", "1k"],
    ["100000", "100k"],
    ["1024", "1024"],
    ["1024Mi", "1Gi"],
    ["1000Mi", "1000Mi"],
    ["0.5Gi", "512Mi"],
    ["1.5Gi", "1536Mi"],
    ["0.001Ki", "1024m"],
    ["512Ki", "512Ki"],
    ["1e3", "1e3"],
    ["12e3", "12e3"],
    ["1E6", "1e6"],
    ["1E", "1E"],
    ["100e-3", "100e-3"],
    ["-1.5", "-1500m"],
    ["+5", "5"],
    [".5", "500m"],
    ["5.", "5"],
    ["0.0000000001", "1n"],
    ["8Ei", "9223372036854775807"],
    [" 2 ", "2"],
  ])("turns %j into %j", (given, expected) => {
    expect(canonicalQuantity(given)).toBe(expected);
  });

  it("takes JSON numbers", () => {
    expect(canonicalQuantity(0.5)).toBe("500m");
    expect(canonicalQuantity(2)).toBe("2");
  });

  it.each(["", "1.1.M", "1+1.0M", "aoeu", "1 ", "--1", "1x", "12 Mi", "５"])("refuses the form of %j", (given) => {
    expect(() => parseQuantity(given)).toThrow(
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    );
  });

  it.each(["0.1mi", "1i", ".5i", "1KiB".slice(0, 3) + "i", "1K", "3e"])("refuses the suffix of %j", (given) => {
    expect(() => parseQuantity(given)).toThrow("unable to parse quantity's suffix");
  });

  it("survives absurd exponents", () => {
    expect(canonicalQuantity("1e-999999999")).toBe("1e-9");
    expect(canonicalQuantity("123456789012345678901e999999999")).toBe("9223372036854775807");
  });
});

describe("rounding", () => {
  it("rounds values away from zero", () => {
    expect(milliValue("0.0001")).toBe(1);
    expect(milliValue("250m")).toBe(250);
    expect(milliValue("2")).toBe(2000);
    expect(value("100m")).toBe(1);
    expect(value("-100m")).toBe(-1);
    expect(value("1Gi")).toBe(1073741824);
  });

  it("rounds resource lists up to a thousandth", () => {
    expect(canonicalResourceQuantity("0.1Mi")).toBe("104857600m");
    expect(canonicalResourceQuantity("100u")).toBe("1m");
  });
});

describe("arithmetic", () => {
  it("keeps the format of the left side", () => {
    expect(addQuantities("1Gi", "1024Mi")).toBe("2Gi");
    expect(addQuantities("0", "1Gi")).toBe("1Gi");
    expect(addQuantities("500m", "0.5")).toBe("1");
    expect(subtractQuantities("4Gi", "100Mi")).toBe("3996Mi");
  });

  it("compares across formats", () => {
    expect(compareQuantities("1Ki", "1024")).toBe(0);
    expect(compareQuantities("1k", "1Ki")).toBeLessThan(0);
    expect(compareQuantities("2", "1999m")).toBeGreaterThan(0);
  });
});

const quantities = fc
  .record({
    whole: fc.nat({ max: 999_999 }),
    fraction: fc.option(fc.nat({ max: 999 }), { nil: undefined }),
    suffix: fc.constantFrom("", "n", "u", "m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "e3", "E-3"),
    sign: fc.constantFrom("", "-", "+"),
  })
  .map(
    ({ whole, fraction, suffix, sign }) => `${sign}${whole}${fraction === undefined ? "" : `.${fraction}`}${suffix}`,
  );

describe("properties", () => {
  it("canonical form is a fixed point with the same amount", () => {
    fc.assert(
      fc.property(quantities, (text) => {
        const canonical = canonicalQuantity(text);
        expect(canonicalQuantity(canonical)).toBe(canonical);
        expect(parseQuantity(canonical).nanos).toBe(parseQuantity(text).nanos);
        expect(canonical).not.toContain(".");
      }),
    );
  });

  it("the quick way to a number agrees with the exact one", () => {
    fc.assert(
      fc.property(quantities, (text) => {
        const { nanos } = parseQuantity(text);
        const up = (divisor: bigint): number =>
          Number(nanos / divisor + (nanos % divisor === 0n ? 0n : nanos > 0n ? 1n : -1n));
        expect(milliValue(text)).toBe(up(10n ** 6n));
        expect(value(text)).toBe(up(10n ** 9n));
      }),
    );
  });

  it("addition and subtraction undo each other", () => {
    fc.assert(
      fc.property(quantities, quantities, (left, right) => {
        const sum = addQuantities(left, right);
        expect(compareQuantities(subtractQuantities(sum, right), left)).toBe(0);
        expect(compareQuantities(sum, addQuantities(right, left))).toBe(0);
      }),
    );
  });

  it("formats every amount so that it reads back", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }),
        fc.constantFrom("DecimalSI" as const, "BinarySI" as const, "DecimalExponent" as const),
        (nanos, format) => {
          expect(parseQuantity(formatQuantity({ nanos, format })).nanos).toBe(nanos);
        },
      ),
    );
  });
});
