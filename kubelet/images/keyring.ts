/** Credentials of pull secrets for an image: pure. Upstream: `pkg/credentialprovider/keyring.go`, `config.go`. */
import type { Secret } from "../../shared/api/generated/core/v1.ts";
import type { RegistryCredentials } from "../runtime/runtime.ts";

/** What one entry of one secret says. */
export interface PullCredential {
  readonly secret: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly credentials: RegistryCredentials;
}

interface KeyringEntry extends PullCredential {
  /** Host, port and path that it is for; the host may hold `*`. */
  readonly key: string;
}

/** Docker Hub's name in Docker's configuration files. */
const DEFAULT_REGISTRY_KEY = "index.docker.io";

const SECRET_KEYS: Readonly<Record<string, string>> = {
  "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
  "kubernetes.io/dockercfg": ".dockercfg",
};

/** Registry and path, for example `docker.io/library/busybox`, to the credentials to try, the most specific first. */
export function lookupCredentials(secrets: readonly Secret[], repository: string): PullCredential[] {
  const entries = secrets.flatMap(entriesOf).toSorted((a, b) => (a.key === b.key ? 0 : a.key < b.key ? 1 : -1));
  const matching = entries.filter(({ key }) => matches(key, repository));
  if (matching.length > 0) return matching;
  return repository.startsWith("docker.io/") ? entries.filter(({ key }) => key === DEFAULT_REGISTRY_KEY) : [];
}

function entriesOf(secret: Secret): KeyringEntry[] {
  const field = SECRET_KEYS[secret.type ?? ""];
  const encoded = field === undefined ? undefined : secret.data?.[field];
  if (encoded === undefined) return [];
  const parsed = recordOf(parseJson(Buffer.from(encoded, "base64").toString("utf8")));
  const auths = field === ".dockercfg" ? parsed : recordOf(parsed["auths"]);
  const { namespace = "", name, uid = "" } = secret.metadata;
  return Object.entries(auths).flatMap(([server, entry]) => {
    const credentials = credentialsOf(recordOf(entry));
    const key = keyOf(server);
    return credentials === undefined || key === undefined
      ? []
      : [{ key, credentials, secret: { namespace, name, uid } }];
  });
}

/** Undefined for a text that is no JSON: the API refuses such secrets. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** `auth` is `user:password` in base64 and wins over the two fields. */
function credentialsOf(entry: Record<string, unknown>): RegistryCredentials | undefined {
  const auth = textOf(entry["auth"]);
  if (auth === "") return { username: textOf(entry["username"]), password: textOf(entry["password"]) };
  const decoded = Buffer.from(auth, "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  return colon < 0 ? undefined : { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

/** `https://registry.example:5000/v2/team` is `registry.example:5000/team`. */
function keyOf(server: string): string | undefined {
  const match = /^(?:https?:\/\/)?([^/]+)(\/.*)?$/.exec(server);
  if (match === null) return undefined;
  const path = (match[2] ?? "").replace(/^\/v[12](?=\/)/, "");
  return `${match[1] ?? ""}${path === "/" ? "" : path}`;
}

function split(address: string): { parts: string[]; port: string; path: string } {
  const slash = address.indexOf("/");
  const host = slash < 0 ? address : address.slice(0, slash);
  const port = /:(\d+)$/.exec(host)?.[1] ?? "";
  const name = port === "" ? host : host.slice(0, -port.length - 1);
  return { parts: name.split("."), port, path: slash < 0 ? "" : address.slice(slash) };
}

function matches(key: string, repository: string): boolean {
  const pattern = split(key);
  const target = split(repository);
  return (
    pattern.port === target.port &&
    pattern.parts.length === target.parts.length &&
    target.path.startsWith(pattern.path) &&
    pattern.parts.every((part, index) => globMatches(part, target.parts[index] ?? ""))
  );
}

/** `*` and `?` within one part of a host name. Runs in linear time on any pattern. */
function globMatches(pattern: string, text: string): boolean {
  let at = 0;
  let from = 0;
  let star = -1;
  let mark = 0;
  while (from < text.length) {
    if (pattern[at] === "*") {
      star = at++;
      mark = from;
    } else if (at < pattern.length && (pattern[at] === "?" || pattern[at] === text[from])) {
      at++;
      from++;
    } else if (star >= 0) {
      at = star + 1;
      from = ++mark;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(at));
}
