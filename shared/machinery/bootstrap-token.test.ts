import type { Secret } from "../api/generated/core/v1.ts";
import {
  bootstrapTokenEndMs,
  bootstrapTokenGroups,
  isBootstrapTokenExpired,
  isBootstrapTokenFor,
  parseBootstrapToken,
  secretText,
} from "./bootstrap-token.ts";

const secret = (texts: Record<string, string>, type = "bootstrap.kubernetes.io/token"): Secret => ({
  metadata: { name: "bootstrap-token-abcdef", namespace: "kube-system" },
  type,
  data: Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString("base64")])),
});

describe("a bootstrap token", () => {
  it.each([
    ["abcdef.0123456789abcdef", { id: "abcdef", secret: "0123456789abcdef" }],
    ["ABCDEF.0123456789abcdef", undefined],
    ["abcde.0123456789abcdef", undefined],
    ["abcdef.0123456789abcdef0", undefined],
    ["abcdef:0123456789abcdef", undefined],
    ["abcdef.0123456789abcdef\n", undefined],
    ["", undefined],
  ])("written %j is %j", (text, expected) => {
    expect(parseBootstrapToken(text)).toEqual(expected);
  });

  it("is for what its Secret says, in so many letters", () => {
    const usages = { "usage-bootstrap-authentication": "true", "usage-bootstrap-signing": "True" };
    expect(isBootstrapTokenFor(secret(usages), "authentication")).toBe(true);
    expect(isBootstrapTokenFor(secret(usages), "signing")).toBe(false);
    expect(isBootstrapTokenFor(secret({}), "signing")).toBe(false);
    expect(isBootstrapTokenFor(secret(usages, "Opaque"), "authentication")).toBe(false);
  });

  it.each([
    ["never, when it does not say", undefined, Number.POSITIVE_INFINITY],
    ["then", "2026-01-01T00:00:00Z", Date.parse("2026-01-01T00:00:00Z")],
    ["then, in another zone", "2026-01-01T02:00:00+02:00", Date.parse("2026-01-01T00:00:00Z")],
    ["at once, when that is no time", "tomorrow", Number.NEGATIVE_INFINITY],
    ["at once, when that is a day", "2026-01-01", Number.NEGATIVE_INFINITY],
    ["at once, when there is no such month", "2026-13-01T00:00:00Z", Number.NEGATIVE_INFINITY],
  ])("ends %s", (_, expiration, endMs) => {
    const one = secret(expiration === undefined ? {} : { expiration });
    expect(bootstrapTokenEndMs(one)).toBe(endMs);
    expect(isBootstrapTokenExpired(one, endMs)).toBe(true);
    if (Number.isFinite(endMs)) expect(isBootstrapTokenExpired(one, endMs - 1)).toBe(false);
  });

  it("is of the bootstrappers, and of groups below them that its Secret names", () => {
    const groups = (text: string) => bootstrapTokenGroups(secret({ "auth-extra-groups": text }));
    expect(groups("")).toEqual(["system:bootstrappers"]);
    expect(groups("system:bootstrappers:b,system:bootstrappers:a,system:bootstrappers:b")).toEqual([
      "system:bootstrappers",
      "system:bootstrappers:a",
      "system:bootstrappers:b",
    ]);
    for (const wrong of [
      "system:masters",
      "system:bootstrappers:",
      "system:bootstrappers:A",
      "system:bootstrappers:a,",
    ]) {
      expect(groups(wrong)).toBeUndefined();
    }
  });

  it("reads texts beyond ASCII", () => {
    expect(secretText(secret({ description: "für später" }), "description")).toBe("für später");
    expect(secretText(secret({}), "description")).toBe("");
  });
});
