import { generateKeyPairSync } from "node:crypto";
import { decodeJwt, decodeProtectedHeader, importJWK, jwtVerify, SignJWT } from "jose";
import type { Secret } from "../../shared/api/generated/core/v1.ts";
import type { Clock } from "../../shared/process/clock.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { nodes, pods, secrets, serviceAccounts } from "../../shared/resources/catalog.ts";
import { StaticReader } from "../../test/support/static-reader.ts";
import { jsonWebKeySet, openidConfiguration } from "./openid-documents.ts";
import { createServiceAccountTokens, type ServiceAccountTokens, type TokenSpec } from "./service-account-tokens.ts";
import { readPublicKeys, readSigningKey, type SigningKey } from "../../shared/process/signing-keys.ts";
import type { UserInfo } from "./user.ts";

const ISSUER = "https://kubernetes.default.svc.cluster.local";

function rsaKey(): SigningKey {
  return readSigningKey(
    generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  );
}
function ecKey(): SigningKey {
  return readSigningKey(
    generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "sec1", format: "pem" }).toString(),
  );
}

const rsa = rsaKey();
const account = { metadata: { name: "builder", namespace: "ci", uid: "sa-1" } };
const pod = { metadata: { name: "p", namespace: "ci", uid: "pod-1" }, spec: { containers: [] } };
const node = { metadata: { name: "n1", uid: "node-1" }, spec: {} };
const spec: TokenSpec = {
  claim: {
    namespace: "ci",
    serviceaccount: { name: "builder", uid: "sa-1" },
    pod: { name: "p", uid: "pod-1" },
    node: { name: "n1", uid: "node-1" },
  },
  audiences: [],
  expirationSeconds: 3600,
};

interface Setup {
  readonly tokens: ServiceAccountTokens;
  readonly reader: StaticReader;
  advance(ms: number): void;
}

function setup(signingKey: SigningKey = rsa, refresh?: (reader: StaticReader) => void): Setup {
  let offset = 0;
  const clock: Clock = { ...systemClock, nowMs: () => Date.parse("2026-01-01T00:00:00Z") + offset };
  const reader = new StaticReader().put(serviceAccounts, account).put(pods, pod).put(nodes, node);
  const tokens = createServiceAccountTokens({
    issuers: [ISSUER],
    keys: [signingKey],
    signingKey,
    reader,
    clock,
    ...(refresh === undefined ? {} : { refresh: async () => refresh(reader) }),
  });
  return { tokens, reader, advance: (ms) => void (offset += ms) };
}

/** The user of a token that the API accepts; nothing for any other. */
async function userOf(tokens: ServiceAccountTokens, token: string): Promise<UserInfo | undefined> {
  const verdict = await tokens.authenticateToken(token, []);
  return verdict.kind === "user" ? verdict.user : undefined;
}

describe("ServiceAccount tokens", () => {
  it.each([
    ["RS256", rsa],
    ["ES256", ecKey()],
  ] as const)("signs with %s what others can check by the published keys", async (algorithm, key) => {
    const { tokens } = setup(key);
    const { token } = await tokens.sign(spec);
    expect(decodeProtectedHeader(token)).toEqual({ alg: algorithm, kid: key.id });
    const [jwk] = jsonWebKeySet(tokens.keys).keys;
    const { payload } = await jwtVerify(token, await importJWK(jwk ?? {}, algorithm), {
      currentDate: new Date("2026-01-01T00:00:10Z"),
    });
    expect(payload.jti).toMatch(/^[0-9a-f-]{36}$/);
    expect(payload).toEqual({
      aud: [ISSUER],
      exp: 1767229200,
      iat: 1767225600,
      iss: ISSUER,
      jti: payload.jti,
      "kubernetes.io": spec.claim,
      nbf: 1767225600,
      sub: "system:serviceaccount:ci:builder",
    });
  });

  it("turns a token into the user of its ServiceAccount, the same object each time", async () => {
    const { tokens } = setup();
    const { token } = await tokens.sign(spec);
    const user = await userOf(tokens, token);
    expect(user).toEqual({
      name: "system:serviceaccount:ci:builder",
      uid: "sa-1",
      groups: ["system:serviceaccounts", "system:serviceaccounts:ci", "system:authenticated"],
      extra: {
        "authentication.kubernetes.io/credential-id": [`JTI=${decodeJwt(token).jti}`],
        "authentication.kubernetes.io/node-name": ["n1"],
        "authentication.kubernetes.io/node-uid": ["node-1"],
        "authentication.kubernetes.io/pod-name": ["p"],
        "authentication.kubernetes.io/pod-uid": ["pod-1"],
      },
    });
    expect(await userOf(tokens, token)).toBe(user);
  });

  it("refuses expired, foreign, damaged and unsigned tokens", async () => {
    const { tokens, advance } = setup();
    const { token } = await tokens.sign(spec);
    const [header = "", body = "", signature = ""] = token.split(".");
    const foreign = await setup(rsaKey()).tokens.sign(spec);
    const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${body}.`;
    const otherIssuer = await new SignJWT({ ...decodeJwt(token), iss: "https://elsewhere" })
      .setProtectedHeader({ alg: "RS256", kid: rsa.id })
      .sign(rsa.privateKey);
    for (const bad of [
      "",
      "x",
      "a.b.c",
      `${header}.${body}`,
      `${header}.${body.slice(0, -2)}.${signature}`,
      foreign.token,
      unsigned,
      otherIssuer,
    ]) {
      expect(await userOf(tokens, bad)).toBeUndefined();
    }
    expect(await userOf(tokens, token)).toBeDefined();
    advance(3660_000);
    expect(await userOf(tokens, token)).toBeDefined();
    advance(1000);
    expect(await userOf(tokens, token)).toBeUndefined();
  });

  it("refuses a token whose subject is not its ServiceAccount", async () => {
    const { tokens } = setup();
    const { token } = await tokens.sign(spec);
    const forged = await new SignJWT({ ...decodeJwt(token), sub: "system:serviceaccount:kube-system:root" })
      .setProtectedHeader({ alg: "RS256" })
      .sign(rsa.privateKey);
    expect(await userOf(tokens, forged)).toBeUndefined();
  });

  it("ends with the objects it is bound to", async () => {
    const { tokens, reader } = setup();
    const { token } = await tokens.sign(spec);
    const isGood = async (): Promise<boolean> => (await userOf(tokens, token)) !== undefined;
    expect(await isGood()).toBe(true);
    reader.remove(pods, pod);
    expect(await isGood()).toBe(false);
    reader.put(pods, { ...pod, metadata: { ...pod.metadata, uid: "pod-2" } });
    expect(await isGood()).toBe(false);
    reader.put(pods, { ...pod, metadata: { ...pod.metadata, deletionTimestamp: "2025-12-31T23:59:30Z" } });
    expect(await isGood()).toBe(true);
    reader.put(pods, { ...pod, metadata: { ...pod.metadata, deletionTimestamp: "2025-12-31T23:58:30Z" } });
    expect(await isGood()).toBe(false);
    reader.put(pods, pod);
    expect(await isGood()).toBe(true);
    reader.remove(serviceAccounts, account);
    expect(await isGood()).toBe(false);
  });

  it("brings the cache up to now before it refuses for a missing object", async () => {
    const { tokens, reader } = setup(rsa, (late) => late.put(pods, pod));
    reader.remove(pods, pod);
    const { token } = await tokens.sign(spec);
    expect(await userOf(tokens, token)).toBeDefined();
  });

  it("accepts only the audiences asked for, the API's own by default", async () => {
    const { tokens } = setup();
    const { token } = await tokens.sign({ ...spec, audiences: ["vault", "other"] });
    expect(await tokens.authenticateToken(token, [])).toEqual({
      kind: "refused",
      why: `token audiences ["vault" "other"] is invalid for the target audiences ["${ISSUER}"]`,
    });
    expect(await tokens.authenticateToken(token, ["vault", "x"])).toMatchObject({ audiences: ["vault"] });
  });

  it("says why a token of ours is no longer good, and nothing about others", async () => {
    const { tokens, reader, advance } = setup();
    const { token } = await tokens.sign(spec);
    const why = async (): Promise<string> => {
      const verdict = await tokens.authenticateToken(token, []);
      return verdict.kind === "refused" ? verdict.why : verdict.kind;
    };
    expect(await tokens.authenticateToken("x.y.z", [])).toEqual({ kind: "unknown" });
    reader.put(pods, { ...pod, metadata: { ...pod.metadata, uid: "pod-2" } });
    expect(await why()).toBe("pod UID (pod-2) does not match service account pod ref claim (pod-1)");
    reader.remove(pods, pod);
    expect(await why()).toBe("service account token has been invalidated");
    reader.put(serviceAccounts, { ...account, metadata: { ...account.metadata, uid: "sa-2" } });
    expect(await why()).toBe("service account UID (sa-2) does not match claim (sa-1)");
    reader.remove(serviceAccounts, account);
    expect(await why()).toBe('serviceaccounts "builder" not found');
    advance(2 * 3600_000);
    expect(await why()).toBe("service account token has expired");
  });

  it("keeps a token that was rotated in good, when its key is still known", async () => {
    const [older, newer] = [rsaKey(), ecKey()];
    const before = setup(older);
    const { token } = await before.tokens.sign(spec);
    const after = createServiceAccountTokens({
      issuers: [ISSUER],
      keys: [newer, older],
      signingKey: newer,
      reader: before.reader,
      clock: { ...systemClock, nowMs: () => Date.parse("2026-01-01T00:10:00Z") },
    });
    expect(await userOf(after, token)).toBeDefined();
    expect(decodeProtectedHeader((await after.sign(spec)).token).kid).toBe(newer.id);
    expect(jsonWebKeySet(after.keys).keys.map((key) => key["kid"])).toEqual([newer.id, older.id]);
  });

  it("says in a token that lives longer than asked for when it should have been renewed", async () => {
    const { tokens } = setup();
    const { token } = await tokens.sign({ ...spec, expirationSeconds: 31_536_000, warnAfterSeconds: 3607 });
    expect(decodeJwt(token)).toMatchObject({
      exp: 1767225600 + 31_536_000,
      "kubernetes.io": { warnafter: 1767225600 + 3607 },
    });
  });
});

describe("a token in a Secret", () => {
  const signed = async (claims: Record<string, string> = {}): Promise<string> =>
    new SignJWT({
      iss: "kubernetes/serviceaccount",
      "kubernetes.io/serviceaccount/namespace": "ci",
      "kubernetes.io/serviceaccount/secret.name": "builder-token",
      "kubernetes.io/serviceaccount/service-account.name": "builder",
      "kubernetes.io/serviceaccount/service-account.uid": "sa-1",
      sub: "system:serviceaccount:ci:builder",
      ...claims,
    })
      .setProtectedHeader({ alg: "RS256", kid: rsa.id })
      .sign(rsa.privateKey);
  const secretWith = (token: string, labels?: Record<string, string>): Secret => ({
    metadata: { name: "builder-token", namespace: "ci", labels },
    type: "kubernetes.io/service-account-token",
    data: { token: Buffer.from(token).toString("base64") },
  });

  it("is good without an end for as long as it lies there, for the API only", async () => {
    const { tokens, reader, advance } = setup();
    const token = await signed();
    const why = async (): Promise<string> => {
      const verdict = await tokens.authenticateToken(token, []);
      return verdict.kind === "refused" ? verdict.why : verdict.kind;
    };
    expect(await why()).toBe("service account token has been invalidated");
    reader.put(secrets, secretWith(token));
    advance(10 * 365 * 86_400_000);
    expect(await userOf(tokens, token)).toEqual({
      name: "system:serviceaccount:ci:builder",
      uid: "sa-1",
      groups: ["system:serviceaccounts", "system:serviceaccounts:ci", "system:authenticated"],
      extra: {},
    });
    expect(await tokens.authenticateToken(token, ["vault"])).toEqual({ kind: "unknown" });
    reader.put(secrets, secretWith(token, { "kubernetes.io/legacy-token-invalid-since": "2026-01-01" }));
    expect(await why()).toContain("has been marked invalid");
    reader.put(secrets, secretWith("another"));
    expect(await why()).toBe("service account token does not match server's copy");
    reader.put(secrets, secretWith(token)).remove(serviceAccounts, account);
    expect(await why()).toBe('serviceaccounts "builder" not found');
  });

  it("must name the account that it is for", async () => {
    const { tokens, reader } = setup();
    for (const claims of [
      { sub: "system:serviceaccount:kube-system:root" },
      { "kubernetes.io/serviceaccount/secret.name": "" },
      { "kubernetes.io/serviceaccount/service-account.uid": "" },
    ]) {
      const token = await signed(claims);
      reader.put(secrets, secretWith(token));
      expect((await tokens.authenticateToken(token, [])).kind).toBe("refused");
    }
  });
});

describe("key files", () => {
  it("hold any number of keys, private ones standing for their public half", () => {
    const pem = [rsa, ecKey()].map((key) => key.key.export({ type: "spki", format: "pem" })).join("\n");
    expect(readPublicKeys(pem).map((key) => key.algorithm)).toEqual(["RS256", "ES256"]);
    const privatePem = rsa.privateKey.export({ type: "pkcs1", format: "pem" }).toString();
    expect(readPublicKeys(privatePem)[0]?.id).toBe(rsa.id);
    expect(() => readPublicKeys("nothing")).toThrow("data does not contain any valid RSA or ECDSA public keys");
  });

  it("are described by the OpenID documents", () => {
    expect(openidConfiguration(ISSUER, "https://10.0.0.1:6443/openid/v1/jwks", [rsa])).toEqual({
      issuer: ISSUER,
      jwks_uri: "https://10.0.0.1:6443/openid/v1/jwks",
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["RS256"],
    });
    expect(jsonWebKeySet([rsa, rsa]).keys).toHaveLength(1);
    expect(jsonWebKeySet([rsa]).keys[0]).toMatchObject({
      use: "sig",
      kty: "RSA",
      kid: rsa.id,
      alg: "RS256",
      e: "AQAB",
    });
  });
});
