/** Secrets, ConfigMaps and ServiceAccounts: what pods are given. */
import { rulesOf } from "../../../test/support/kind-rules.ts";
import { configMapStrategy } from "./config-map.ts";
import { secretStrategy } from "./secret.ts";
import { serviceAccountStrategy } from "./service-account.ts";

type Fields = Record<string, unknown>;

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const FROZEN = "Forbidden: field is immutable when `immutable` is set";
const KEY_RULE =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

describe("a secret", () => {
  const rules = rulesOf(secretStrategy);
  const typed = (type: string, data: Record<string, string> = {}, more: Fields = {}): object => ({
    ...more,
    type: `kubernetes.io/${type}`,
    data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, base64(text)])),
  });
  const json = (key: string, problem: string): string[] => [
    `data[${key}]: Invalid value: "<secret contents redacted>": ${problem}`,
  ];

  it.each<[string, object, string[]]>([
    ["of any type", { type: "example.com/mine", data: { a: "" } }, []],
    ["with a bad key", { data: { "a/b": "" } }, [`data[a/b]: Invalid value: "a/b": ${KEY_RULE}`]],
    ["with a key upwards", { data: { "..": "" } }, ["data[..]: Invalid value: \"..\": must not be '..'"]],
    [
      "that is too big",
      { stringData: { a: "x".repeat(1_048_577) } },
      ["data: Too long: may not be more than 1048576 bytes"],
    ],
    ["for TLS", typed("tls"), ["data[tls.crt]: Required value", "data[tls.key]: Required value"]],
    ["for TLS with nothing in it", typed("tls", { "tls.crt": "", "tls.key": "" }), []],
    ["for ssh", typed("ssh-auth", { "ssh-privatekey": "" }), ["data[ssh-privatekey]: Required value"]],
    ["for basic auth", typed("basic-auth"), ["data[username]: Required value", "data[password]: Required value"]],
    ["for basic auth by name", typed("basic-auth", { username: "" }), []],
    ["for a registry", typed("dockerconfigjson"), ["data[.dockerconfigjson]: Required value"]],
    ["for a registry with JSON", typed("dockerconfigjson", { ".dockerconfigjson": "{}" }), []],
    [
      "for a registry with nothing",
      typed("dockercfg", { ".dockercfg": "" }),
      json(".dockercfg", "unexpected end of JSON input"),
    ],
    [
      "for a registry with text",
      typed("dockercfg", { ".dockercfg": "xyz" }),
      json(".dockercfg", "invalid character 'x' looking for beginning of value"),
    ],
    [
      "for a registry with a list",
      typed("dockercfg", { ".dockercfg": "[]" }),
      json(".dockercfg", "json: cannot unmarshal array into Go value of type map[string]interface {}"),
    ],
    [
      "for an account",
      typed("service-account-token"),
      ["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
    ],
    [
      "for a named account",
      typed(
        "service-account-token",
        {},
        {
          metadata: { name: "x", namespace: "default", annotations: { "kubernetes.io/service-account.name": "a" } },
        },
      ),
      [],
    ],
  ])("%s", (_, draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
  });

  it("keeps its type, and everything once it is immutable", () => {
    expect(rules.change({ type: "a/b" }, { type: "a/c" })).toEqual(['type: Invalid value: "a/c": field is immutable']);
    const fixed = { immutable: true, data: { a: "" } };
    expect(
      rules.change(fixed, { ...fixed, metadata: { name: "x", namespace: "default", labels: { a: "b" } } }),
    ).toEqual([]);
    expect(rules.change(fixed, { data: { a: base64("b") } })).toEqual([`immutable: ${FROZEN}`, `data: ${FROZEN}`]);
    expect(rules.change({ data: {} }, fixed)).toEqual([]);
  });

  it.each<[string, string, string, string[]]>([
    ["none", "", "", ["tls: failed to find any PEM data in certificate input"]],
    ["no key", "CERTIFICATE", "", ["tls: failed to find any PEM data in key input"]],
    ["both", "CERTIFICATE", "EC PRIVATE KEY", []],
    [
      "them the other way round",
      "PRIVATE KEY",
      "CERTIFICATE",
      [
        "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched",
      ],
    ],
    [
      "the certificate twice",
      "CERTIFICATE",
      "CERTIFICATE",
      ["tls: found a certificate rather than a key in the PEM for the private key"],
    ],
    [
      "something else",
      "NEW CERTIFICATE REQUEST",
      "",
      [
        'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [NEW CERTIFICATE REQUEST]',
      ],
    ],
  ])("for TLS is warned about when it has %s", (_, certificate, key, warnings) => {
    const pem = (type: string): string => (type === "" ? "" : `-----BEGIN ${type}-----\nAAAA\n-----END ${type}-----\n`);
    expect(rules.warnings(typed("tls", { "tls.crt": pem(certificate), "tls.key": pem(key) }))).toEqual(warnings);
  });
});

describe("a config map", () => {
  const rules = rulesOf(configMapStrategy);
  it.each<[string, object, string[]]>([
    ["of both kinds", { data: { a: "1" }, binaryData: { b: "" } }, []],
    ["with a bad key", { data: { "": "1" } }, [`data[]: Invalid value: "": ${KEY_RULE}`]],
    ["with a bad binary key", { binaryData: { "a b": "" } }, [`binaryData[a b]: Invalid value: "a b": ${KEY_RULE}`]],
    [
      "with a key twice",
      { data: { a: "1" }, binaryData: { a: "" } },
      ['data[a]: Invalid value: "a": duplicate of key present in binaryData'],
    ],
    ["that is too big", { data: { a: "x".repeat(1_048_577) } }, ["[]: Too long: may not be more than 1048576 bytes"]],
  ])("%s", (_, draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
    expect(rules.change({ data: {} }, draft)).toEqual(problems);
  });

  it("keeps everything once it is immutable", () => {
    const fixed = { immutable: true, data: { a: "1" }, binaryData: { b: "" } };
    expect(rules.change(fixed, fixed)).toEqual([]);
    expect(rules.change(fixed, { immutable: false })).toEqual([
      `immutable: ${FROZEN}`,
      `data: ${FROZEN}`,
      `binaryData: ${FROZEN}`,
    ]);
  });
});

describe("a service account", () => {
  const rules = rulesOf(serviceAccountStrategy);
  it("names its secrets, and no more", () => {
    const draft = { secrets: [{ kind: "Secret", namespace: "other", name: "a", uid: "u" }] };
    expect(rules.created(draft)).toMatchObject({ secrets: [{ name: "a" }] });
    expect(rules.changed({}, draft)).toHaveProperty("secrets", [{ name: "a" }]);
  });

  it("is warned about an old annotation once", () => {
    const key = "kubernetes.io/enforce-mountable-secrets";
    const old = { metadata: { name: "x", namespace: "default", annotations: { [key]: "true" } } };
    expect(rules.warnings(old)).toEqual([
      `metadata.annotations[${key}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
    ]);
    expect(rules.warnings(old, old)).toEqual([]);
  });
});
