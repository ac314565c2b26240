import { generateKeyPairSync } from "node:crypto";
import { decodeJwt, decodeProtectedHeader, importJWK, jwtVerify, SignJWT } from "jose";
import type { Clock } from "../../shared/process/clock.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { nodes, pods, serviceAccounts } from "../../shared/resources/catalog.ts";
import { StaticReader } from "../../test/support/static-reader.ts";
import { jsonWebKeySet, openidConfiguration } from "./openid-documents.ts";
import { createServiceAccountTokens, type ServiceAccountTokens, type TokenSpec } from "./service-account-tokens.ts";
import { readPublicKeys, readSigningKey, type SigningKey } from "./signing-keys.ts";

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
    const user = await tokens.authenticateToken(token);
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
    expect(await tokens.authenticateToken(token)).toBe(user);
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
      expect(await tokens.authenticateToken(bad)).toBeUndefined();
    }
    expect(await tokens.authenticateToken(token)).toBeDefined();
    advance(3600_000);
    expect(await tokens.authenticateToken(token)).toBeUndefined();
  });

  it("refuses a token whose subject is not its ServiceAccount", async () => {
    const { tokens } = setup();
    const { token } = await tokens.sign(spec);
    const forged = await new SignJWT({ ...decodeJwt(token), sub: "system:serviceaccount:kube-system:root" })
      .setProtectedHeader({ alg: "RS256" })
      .sign(rsa.privateKey);
    expect(await tokens.authenticateToken(forged)).toBeUndefined();
  });

  it("ends with the objects it is bound to", async () => {
    const { tokens, reader } = setup();
    const { token } = await tokens.sign(spec);
    const isGood = async (): Promise<boolean> => (await tokens.authenticateToken(token)) !== undefined;
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
    expect(await tokens.authenticateToken(token)).toBeDefined();
  });

  it("accepts only the audiences asked for, the API's own by default", async () => {
    const { tokens } = setup();
    const { token } = await tokens.sign({ ...spec, audiences: ["vault", "other"] });
    expect(await tokens.verify(token, [])).toBeUndefined();
    expect((await tokens.verify(token, ["vault", "x"]))?.audiences).toEqual(["vault"]);
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
