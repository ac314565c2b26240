/**
 * Names of our chains: upstream's, with a prefix that is `KUBE` unless several clusters share a network namespace.
 * The kernel takes 28 characters at most.
 */
import { createHash } from "node:crypto";
import type { Protocol } from "../state/service-port.ts";

const CHAIN_LENGTH_MAX = 28;
const HASH_LENGTH = 16;
/** What the longest name adds to the prefix: `-EXTERNAL-SERVICES` is shorter than a hash with its kind. */
const SUFFIX_LENGTH_MAX = "-SVC-".length + HASH_LENGTH;
const PREFIX_LENGTH_MAX = CHAIN_LENGTH_MAX - SUFFIX_LENGTH_MAX;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** First 16 characters of the base32 (RFC 4648) of the SHA-256: ten bytes are exactly 16 characters. */
function chainHash(text: string): string {
  let bits = 0n;
  for (const byte of createHash("sha256").update(text).digest().subarray(0, 10)) bits = (bits << 8n) | BigInt(byte);
  return Array.from({ length: HASH_LENGTH }, (_, index) => BASE32[Number((bits >> BigInt(75 - 5 * index)) & 31n)]).join(
    "",
  );
}

interface PortIdentity {
  readonly name: string;
  readonly protocol: Protocol;
}

export interface ChainNames {
  readonly services: string;
  readonly externalServices: string;
  readonly nodePorts: string;
  readonly postrouting: string;
  readonly markMasquerade: string;
  readonly forward: string;
  readonly firewall: string;
  readonly proxyFirewall: string;
  /** Nothing jumps to it; it is gone or empty when somebody flushed the tables. */
  readonly canary: string;
  /** Balances over all endpoints of a port. */
  clusterPolicy(port: PortIdentity): string;
  /** Balances over the endpoints of this node. */
  localPolicy(port: PortIdentity): string;
  /** Traffic from outside the cluster. */
  external(port: PortIdentity): string;
  /** Load balancer sources that are let in. */
  loadBalancer(port: PortIdentity): string;
  endpoint(port: PortIdentity, address: string): string;
  /** True for every name that this or an earlier run may have made. */
  isOurs(chain: string): boolean;
}

/** Throws an `Error` for a prefix that makes names the kernel would refuse or that others could own. */
export function chainNames(prefix: string): ChainNames {
  if (!/^[A-Z][A-Z0-9]*$/.test(prefix) || prefix.length > PREFIX_LENGTH_MAX) {
    throw new Error(
      `invalid chain prefix "${prefix}": it needs 1 to ${PREFIX_LENGTH_MAX} characters of A-Z and 0-9, a letter first`,
    );
  }
  const fixed = {
    services: `${prefix}-SERVICES`,
    externalServices: `${prefix}-EXTERNAL-SERVICES`,
    nodePorts: `${prefix}-NODEPORTS`,
    postrouting: `${prefix}-POSTROUTING`,
    markMasquerade: `${prefix}-MARK-MASQ`,
    forward: `${prefix}-FORWARD`,
    firewall: `${prefix}-FIREWALL`,
    proxyFirewall: `${prefix}-PROXY-FIREWALL`,
    canary: `${prefix}-PROXY-CANARY`,
  };
  const known = new Set(Object.values(fixed));
  const hashed = new RegExp(`^${prefix}-(SVC|SVL|EXT|FW|SEP)-[A-Z2-7]{${HASH_LENGTH}}$`);
  const of = (kind: string, { name, protocol }: PortIdentity, address = ""): string =>
    `${prefix}-${kind}-${chainHash(`${name}${protocol.toLowerCase()}${address}`)}`;
  return {
    ...fixed,
    clusterPolicy: (port) => of("SVC", port),
    localPolicy: (port) => of("SVL", port),
    external: (port) => of("EXT", port),
    loadBalancer: (port) => of("FW", port),
    endpoint: (port, address) => of("SEP", port, address),
    isOurs: (chain) => known.has(chain) || hashed.test(chain),
  };
}
