import type { CertificateSigningRequest } from "../../../shared/api/generated/certificates/v1.ts";
import { isOutdated } from "./plan.ts";

const NOW_MS = Date.parse("2026-01-02T00:00:00Z");
const HOUR_MS = 3_600_000;
const ago = (hours: number): string => new Date(NOW_MS - hours * HOUR_MS).toISOString();

function request(
  ageHours: number,
  conditions: [string, number][] = [],
  certificate?: string,
): CertificateSigningRequest {
  return {
    metadata: { name: "csr", creationTimestamp: ago(ageHours) },
    spec: { request: "", signerName: "example.com/a" },
    status: {
      certificate,
      conditions: conditions.map(([type, hours]) => ({ type, status: "True", lastUpdateTime: ago(hours) })),
    },
  };
}

describe("a certificate request", () => {
  it.each<[string, CertificateSigningRequest, boolean]>([
    ["waits for a decision for a day", request(23), false],
    ["goes after a day without one", request(25), true],
    ["stays for an hour after it was denied", request(30, [["Denied", 0.9]]), false],
    ["goes an hour after it was denied", request(30, [["Denied", 1.1]]), true],
    [
      "goes an hour after it failed",
      request(30, [
        ["Approved", 2],
        ["Failed", 1.1],
      ]),
      true,
    ],
    ["stays when it is approved and nobody has signed it yet", request(30, [["Approved", 20]]), false],
    ["stays for an hour after it was approved and issued", request(1, [["Approved", 0.9]], "fresh"), false],
    ["goes an hour after it was approved and issued", request(2, [["Approved", 1.1]], "fresh"), true],
    ["goes with its certificate", request(1, [], "ended"), true],
  ])("%s", (_, one, expected) => {
    const certificateEndMs = (text: string): number => (text === "ended" ? NOW_MS - 1 : NOW_MS + HOUR_MS);
    expect(isOutdated(one, certificateEndMs, NOW_MS)).toBe(expected);
  });
});
