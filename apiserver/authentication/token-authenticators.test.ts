import type { Secret } from "../../shared/api/generated/core/v1.ts";
import { secrets } from "../../shared/resources/catalog.ts";
import { StaticReader } from "../../test/support/static-reader.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { bootstrapTokens } from "./bootstrap-tokens.ts";
import { staticTokens } from "./static-tokens.ts";
import { anyTokenAuthenticator, type TokenAuthenticator } from "./token-authenticator.ts";

const AUDIENCES = ["api"];

describe("a static token file", () => {
  it("gives the user, uid and groups of a token's line", async () => {
    const tokens = staticTokens('abc,alice,1,"ops,dev"\n# comment\n\nd"ef,bob,2\n"x,y",carol,3,', AUDIENCES);
    const user = async (token: string, audiences: string[] = []) => {
      const verdict = await tokens.authenticateToken(token, audiences);
      return verdict.kind === "user" ? [verdict.user.name, verdict.user.uid, ...verdict.user.groups] : verdict.kind;
    };
    expect(await user("abc")).toEqual(["alice", "1", "ops", "dev", "system:authenticated"]);
    expect(await user("abc", ["api", "other"])).toEqual(["alice", "1", "ops", "dev", "system:authenticated"]);
    expect(await user("abc", ["other"])).toBe("unknown");
    expect(await user('d"ef')).toEqual(["bob", "2", "system:authenticated"]);
    expect(await user("x,y")).toEqual(["carol", "3", "system:authenticated"]);
    expect(await user("")).toBe("unknown");
    expect(await user("ab")).toBe("unknown");
  });

  it("must have three columns", () => {
    expect(() => staticTokens("abc,alice", AUDIENCES)).toThrow(
      "token file must have at least 3 columns (token, user name, user uid), found 2",
    );
  });
});

describe("a bootstrap token", () => {
  const data = (values: Record<string, string>): Secret["data"] =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString("base64")]));
  const GOOD = {
    "token-id": "abcdef",
    "token-secret": "0123456789abcdef",
    "usage-bootstrap-authentication": "true",
    "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token,system:bootstrappers:a",
    expiration: "2026-01-02T00:00:00Z",
  };
  const secretOf = (values: Record<string, string>, more: Partial<Secret> = {}): Secret => ({
    metadata: { name: "bootstrap-token-abcdef", namespace: "kube-system" },
    type: "bootstrap.kubernetes.io/token",
    data: data(values),
    ...more,
  });
  const groupsFor = async (secret: Secret, token = "abcdef.0123456789abcdef"): Promise<readonly string[] | string> => {
    const clock = new ManualClock(Date.parse("2026-01-01T00:00:00Z"));
    const tokens = bootstrapTokens({ reader: new StaticReader().put(secrets, secret), clock, apiAudiences: AUDIENCES });
    const verdict = await tokens.authenticateToken(token, []);
    return verdict.kind === "user" ? [verdict.user.name, ...verdict.user.groups] : verdict.kind;
  };

  it("is the user and the groups of its Secret", async () => {
    expect(await groupsFor(secretOf(GOOD))).toEqual([
      "system:bootstrap:abcdef",
      "system:bootstrappers",
      "system:bootstrappers:a",
      "system:bootstrappers:kubeadm:default-node-token",
      "system:authenticated",
    ]);
  });

  it.each<[string, Secret, string?]>([
    ["another secret", secretOf({ ...GOOD, "token-secret": "0123456789abcdeX" })],
    ["another id inside", secretOf({ ...GOOD, "token-id": "abcdeX" })],
    ["a past expiration", secretOf({ ...GOOD, expiration: "2025-12-31T23:59:59Z" })],
    ["an expiration that cannot be read", secretOf({ ...GOOD, expiration: "tomorrow" })],
    ["another usage", secretOf({ ...GOOD, "usage-bootstrap-authentication": "false" })],
    ["a group of somebody else", secretOf({ ...GOOD, "auth-extra-groups": "system:masters" })],
    ["another type", secretOf(GOOD, { type: "Opaque" })],
    [
      "its Secret on the way out",
      secretOf(GOOD, {
        metadata: {
          name: "bootstrap-token-abcdef",
          namespace: "kube-system",
          deletionTimestamp: "2026-01-01T00:00:00Z",
        },
      }),
    ],
    ["a token of another form", secretOf(GOOD), "abcdef.0123456789abcde"],
  ])("is nobody with %s", async (...[, secret, token]) => {
    expect(await groupsFor(secret, token)).toBe("unknown");
  });
});

describe("several authenticators of tokens", () => {
  const refusing = (why: string): TokenAuthenticator => ({ authenticateToken: async () => ({ kind: "refused", why }) });
  const ask = (...authenticators: TokenAuthenticator[]) =>
    anyTokenAuthenticator(authenticators).authenticateToken("t", []);

  it("are asked in turn, and tell together what they found wrong", async () => {
    const known = staticTokens("t,alice,1", AUDIENCES);
    expect(await ask(refusing("a"), known, refusing("b"))).toMatchObject({ kind: "user", user: { name: "alice" } });
    expect(await ask(refusing("a"))).toEqual({ kind: "refused", why: "a" });
    expect(await ask(refusing("a"), refusing("b"))).toEqual({ kind: "refused", why: "[a, b]" });
    expect(await ask()).toEqual({ kind: "unknown" });
  });
});
