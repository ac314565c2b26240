import type { ChainNames } from "./chain-names.ts";

/** What the rules depend on beside the API's objects. */
export interface RuleOptions {
  readonly chains: ChainNames;
  /** Pod addresses of the whole cluster: what comes from elsewhere is masqueraded. Unknown when left out. */
  readonly clusterCidr: string | undefined;
  /** Masquerade everything that goes to a service (`--masquerade-all`). */
  readonly masqueradeAll: boolean;
  /** Bit that marks a packet to be masqueraded (`--iptables-masquerade-bit 14`). */
  readonly masqueradeMark: number;
  /** The kernel knows `MASQUERADE --random-fully`. */
  readonly isRandomFully: boolean;
  /** The kernel has the `recent` match; without it there is no session affinity. */
  readonly hasRecent: boolean;
  /** Node ports also answer on 127.0.0.1. */
  readonly localhostNodePorts: boolean;
}
