/** What kubelets may ask to be certified (upstream: `pkg/apis/certificates/helpers.go`, `pkg/controller/certificates/signer`). Pure. */
import type { RequestedNames } from "../../shared/process/certificate-signer.ts";

const NODES_GROUP = "system:nodes";
const NODE_PREFIX = "system:node:";

const CLIENT_USAGES = ["digital signature", "key encipherment", "client auth"];
const SERVING_USAGES = ["digital signature", "key encipherment", "server auth"];

/** All of them; the key need not be able to encipher. */
function haveUsages(usages: readonly string[], wanted: readonly string[]): boolean {
  const given = new Set(usages);
  const isWhole = wanted.every((usage) => given.has(usage) || usage === "key encipherment");
  return isWhole && [...given].every((usage) => wanted.includes(usage));
}

function subjectProblem({ organizations, commonName }: RequestedNames): string | undefined {
  if (organizations.length !== 1 || organizations[0] !== NODES_GROUP) return "subject organization is not system:nodes";
  return commonName.startsWith(NODE_PREFIX) ? undefined : "subject common name does not begin with system:node:";
}

/** Why it is no request of a kubelet for a client certificate; nothing when it is one. */
export function kubeletClientProblem(names: RequestedNames, usages: readonly string[]): string | undefined {
  const { organizations } = names;
  if (organizations.length !== 1 || organizations[0] !== NODES_GROUP) return subjectProblem(names);
  if (names.dnsNames.length > 0) return "DNS subjectAltNames are not allowed";
  if (names.emailAddresses.length > 0) return "Email subjectAltNames are not allowed";
  if (names.ipAddresses.length > 0) return "IP subjectAltNames are not allowed";
  if (names.uris.length > 0) return "URI subjectAltNames are not allowed";
  if (!haveUsages(usages, CLIENT_USAGES)) return `usages did not match [${CLIENT_USAGES.join(" ")}]`;
  return subjectProblem(names);
}

/** Why it is no request of a kubelet for a serving certificate; nothing when it is one. */
export function kubeletServingProblem(names: RequestedNames, usages: readonly string[]): string | undefined {
  const { organizations } = names;
  if (organizations.length !== 1 || organizations[0] !== NODES_GROUP) return subjectProblem(names);
  if (names.dnsNames.length === 0 && names.ipAddresses.length === 0) {
    return "DNS or IP subjectAltName is required";
  }
  if (names.emailAddresses.length > 0) return "Email subjectAltNames are not allowed";
  if (names.uris.length > 0) return "URI subjectAltNames are not allowed";
  if (!haveUsages(usages, SERVING_USAGES)) return `usages did not match [${SERVING_USAGES.join(" ")}]`;
  return subjectProblem(names);
}
