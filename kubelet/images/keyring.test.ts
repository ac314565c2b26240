import type { Secret } from "../../shared/api/generated/core/v1.ts";
import { lookupCredentials } from "./keyring.ts";

const encode = (text: string): string => Buffer.from(text).toString("base64");

function secretOf(auths: object, name = "pull"): Secret {
  return {
    metadata: { name, namespace: "default", uid: `uid-${name}` },
    type: "kubernetes.io/dockerconfigjson",
    data: { ".dockerconfigjson": encode(JSON.stringify({ auths })) },
  };
}

const user = (name: string) => ({ auth: encode(`${name}:pass:word`) });
const usersFor = (secrets: readonly Secret[], repository: string): string[] =>
  lookupCredentials(secrets, repository).map(({ credentials }) => credentials.username ?? "");

describe("lookupCredentials", () => {
  it.each([
    ["reg.example:5000", "reg.example:5000/a/b", true],
    ["https://reg.example:5000", "reg.example:5000/a/b", true],
    ["https://reg.example/v2/", "reg.example/a", true],
    ["reg.example/a", "reg.example/a/b", true],
    ["reg.example/b", "reg.example/a/b", false],
    ["*.example", "reg.example/a", true],
    ["*.example", "a.reg.example/a", false],
    ["r?g*.example", "regular.example/a", true],
    ["reg.example", "reg.example:5000/a", false],
    ["https://index.docker.io/v1/", "docker.io/library/busybox", true],
    ["https://index.docker.io/v1/", "quay.io/busybox", false],
  ])("an entry for %s and the repository %s: %s", (server, repository, isFound) => {
    expect(usersFor([secretOf({ [server]: user("me") })], repository)).toEqual(isFound ? ["me"] : []);
  });

  it("tries the most specific entry first, of all secrets", () => {
    const secrets = [
      secretOf({ "reg.example": user("wide") }),
      secretOf({ "reg.example/team": user("team") }, "other"),
    ];
    expect(usersFor(secrets, "reg.example/team/app")).toEqual(["team", "wide"]);
  });

  it("reads user and password from both forms, and both kinds of secret", () => {
    const plain = { username: "me", password: "secret" };
    const [found] = lookupCredentials([secretOf({ "reg.example": plain })], "reg.example/a");
    expect(found?.credentials).toEqual(plain);
    const legacy: Secret = {
      metadata: { name: "old" },
      type: "kubernetes.io/dockercfg",
      data: { ".dockercfg": encode(JSON.stringify({ "reg.example": user("me") })) },
    };
    expect(lookupCredentials([legacy], "reg.example/a")[0]?.credentials).toEqual({
      username: "me",
      password: "pass:word",
    });
  });

  it.each([
    ["no JSON", { ".dockerconfigjson": encode("{") }],
    ["no entries", { ".dockerconfigjson": encode("null") }],
    ["nothing", {}],
  ])("skips a secret that holds %s", (_what, data) => {
    const broken: Secret = { metadata: { name: "x" }, type: "kubernetes.io/dockerconfigjson", data };
    expect(usersFor([broken, secretOf({ "reg.example": user("me") })], "reg.example/a")).toEqual(["me"]);
  });

  it("takes nothing from a secret of another type, and nothing without a colon", () => {
    const opaque: Secret = { ...secretOf({ "reg.example": user("me") }), type: "Opaque" };
    expect(usersFor([opaque, secretOf({ "reg.example": { auth: encode("nocolon") } })], "reg.example/a")).toEqual([]);
  });

  it("is not stopped by a pattern of many stars", () => {
    expect(
      usersFor([secretOf({ [`${"*a".repeat(2000)}b.example`]: user("me") })], `${"a".repeat(250)}.example/x`),
    ).toEqual([]);
  });
});
