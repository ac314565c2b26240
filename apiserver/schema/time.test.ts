import fc from "fast-check";
import { canonicalMicroTime, canonicalTime, microTimeFromUnix, timeFromUnix, unixOf } from "./time.ts";

describe("times", () => {
  it("agree with the runtime's own arithmetic", () => {
    fc.assert(
      fc.property(fc.integer({ min: -60_000_000_000, max: 250_000_000_000 }), (seconds) => {
        const iso = new Date(seconds * 1000).toISOString();
        expect(timeFromUnix(seconds)).toBe(`${iso.slice(0, 19)}Z`);
        expect(unixOf(iso)).toEqual({ seconds, nanos: 0 });
      }),
    );
  });

  it("are brought to UTC", () => {
    expect(canonicalTime("2026-01-01T01:00:00.9+01:00")).toBe("2026-01-01T00:00:00Z");
    expect(canonicalTime("2025-12-31T20:30:00-03:30")).toBe("2026-01-01T00:00:00Z");
    expect(canonicalMicroTime("2026-01-01T00:00:00.1234567Z")).toBe("2026-01-01T00:00:00.123456Z");
    expect(microTimeFromUnix(0, 1_500_000)).toBe("1970-01-01T00:00:00.001500Z");
  });

  it.each([
    "",
    "2026-01-01",
    "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01 00:00:00Z",
  ])("refuse %j", (text) => {
    expect(() => canonicalTime(text)).toThrow("parsing time");
  });
});
