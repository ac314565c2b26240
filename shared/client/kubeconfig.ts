/**
 * Reads a kubeconfig file (client-go `clientcmd`): which server, how to trust it, who we are.
 * Relative file names in it are relative to the file itself.
 */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";

/** Everything that is needed to open a connection to one API server as one user. */
export interface ClusterAccess {
  /** `https://host:port` without a slash at the end. */
  readonly server: string;
  /** PEM of the authorities to trust; the system's when left out. */
  readonly ca?: string | undefined;
  readonly insecureSkipTlsVerify?: boolean | undefined;
  readonly tlsServerName?: string | undefined;
  /** PEM of the client certificate and its key. */
  readonly clientCertificate?: { readonly cert: string; readonly key: string } | undefined;
  /** Asked at each new connection, for a certificate that is renewed while the client lives; wins over the other. */
  readonly currentClientCertificate?: (() => { readonly cert: string; readonly key: string } | undefined) | undefined;
  readonly token?: string | undefined;
  /** File with a token that is renewed from outside; wins over `token`. */
  readonly tokenFile?: string | undefined;
  /** Namespace of the context. */
  readonly namespace?: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const textAt = (fields: Fields, key: string): string | undefined => {
  const value = fields[key];
  return typeof value === "string" && value !== "" ? value : undefined;
};

/** The entry called `name` of the list `kubeconfig[list]`, and in it the value under `field`. */
function namedEntry(kubeconfig: Fields, list: string, name: string, field: string, path: string): Fields {
  const entries = kubeconfig[list];
  const found: unknown = Array.isArray(entries)
    ? entries.find((entry: unknown) => isFields(entry) && entry["name"] === name)
    : undefined;
  const value = isFields(found) ? found[field] : undefined;
  if (!isFields(value)) throw new Error(`kubeconfig ${path}: no entry "${name}" in ${list}`);
  return value;
}

/** Inline base64 under `<key>-data`, or the content of the file under `<key>`. */
function pemAt(fields: Fields, key: string, folder: string): string | undefined {
  const inline = textAt(fields, `${key}-data`);
  if (inline !== undefined) return Buffer.from(inline, "base64").toString("utf8");
  const file = textAt(fields, key);
  return file === undefined ? undefined : readFileSync(resolve(folder, file), "utf8");
}

/** Access by the text of a kubeconfig; `path` is for messages and for relative file names. */
export function parseKubeconfig(text: string, path: string, contextName?: string): ClusterAccess {
  const kubeconfig: unknown = parse(text);
  if (!isFields(kubeconfig)) throw new Error(`kubeconfig ${path}: not a mapping`);
  const chosen = contextName ?? textAt(kubeconfig, "current-context");
  if (chosen === undefined) throw new Error(`kubeconfig ${path}: current-context is not set`);
  const context = namedEntry(kubeconfig, "contexts", chosen, "context", path);
  const cluster = namedEntry(kubeconfig, "clusters", textAt(context, "cluster") ?? "", "cluster", path);
  const userName = textAt(context, "user");
  const user = userName === undefined ? {} : namedEntry(kubeconfig, "users", userName, "user", path);
  const server = textAt(cluster, "server");
  if (server === undefined) throw new Error(`kubeconfig ${path}: the cluster of context "${chosen}" has no server`);
  const folder = dirname(resolve(path));
  const cert = pemAt(user, "client-certificate", folder);
  const key = pemAt(user, "client-key", folder);
  const tokenFile = textAt(user, "tokenFile");
  return {
    server: server.replace(/\/+$/, ""),
    ca: pemAt(cluster, "certificate-authority", folder),
    insecureSkipTlsVerify: cluster["insecure-skip-tls-verify"] === true,
    tlsServerName: textAt(cluster, "tls-server-name"),
    clientCertificate: cert === undefined || key === undefined ? undefined : { cert, key },
    token: textAt(user, "token"),
    tokenFile: tokenFile === undefined ? undefined : resolve(folder, tokenFile),
    namespace: textAt(context, "namespace"),
  };
}

/** Access by the current context of the file at `path`; throws with the file's name when something is missing. */
export function loadKubeconfig(path: string): ClusterAccess {
  return parseKubeconfig(readFileSync(path, "utf8"), path);
}
