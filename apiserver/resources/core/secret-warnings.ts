/** What is said about a TLS Secret whose halves are no certificate and key, in the words of Go's `tls.X509KeyPair`. */
import type { Secret } from "../../../shared/api/generated/core/v1.ts";
import { pemBlocks } from "../certificates/pem.ts";

const CERTIFICATE = "CERTIFICATE";
const KEY = "PRIVATE KEY";

const typesOf = (base64: string | undefined): string[] =>
  pemBlocks(Buffer.from(base64 ?? "", "base64").toString("latin1")).map(({ type }) => type);

function certificateProblem(types: readonly string[]): string | undefined {
  if (types.includes(CERTIFICATE)) return undefined;
  const [only = "", ...more] = types;
  if (only === "") return "failed to find any PEM data in certificate input";
  if (more.length === 0 && only.endsWith(KEY))
    return "failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched";
  return `failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [${types.join(" ")}]`;
}

function keyProblem(types: readonly string[]): string | undefined {
  if (types.some((type) => type === KEY || type.endsWith(` ${KEY}`))) return undefined;
  const [only = "", ...more] = types;
  if (only === "") return "failed to find any PEM data in key input";
  if (more.length === 0 && only === CERTIFICATE)
    return "found a certificate rather than a key in the PEM for the private key";
  return `failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [${types.join(" ")}]`;
}

export function secretWarnings({ type, data = {} }: Secret): string[] {
  if (type !== "kubernetes.io/tls") return [];
  const problem = certificateProblem(typesOf(data["tls.crt"])) ?? keyProblem(typesOf(data["tls.key"]));
  return problem === undefined ? [] : [`tls: ${problem}`];
}
