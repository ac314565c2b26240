/** iptables rules as data. What a match means is said by its type; only `rule-text.ts` knows the command line. */
import type { Protocol } from "../state/service-port.ts";

export type TableName = "filter" | "nat" | "mangle";

export type Match =
  | { readonly kind: "comment"; readonly text: string }
  | { readonly kind: "protocol"; readonly protocol: Protocol }
  | { readonly kind: "source" | "destination"; readonly range: string; readonly isNot?: boolean }
  | { readonly kind: "destinationPort"; readonly port: number }
  | { readonly kind: "mark"; readonly mark: number; readonly isNot?: boolean }
  | { readonly kind: "conntrackState"; readonly states: readonly string[]; readonly isNot?: boolean }
  | { readonly kind: "addressType"; readonly side: "source" | "destination"; readonly type: "LOCAL" }
  | { readonly kind: "probability"; readonly oneOf: number }
  | { readonly kind: "recentlySeen"; readonly list: string; readonly seconds: number }
  | { readonly kind: "remember"; readonly list: string };

export type Target =
  | { readonly kind: "jump"; readonly chain: string }
  | { readonly kind: "accept" | "drop" | "reject" | "return" }
  | { readonly kind: "setMarkBits" | "flipMarkBits"; readonly bits: number }
  | { readonly kind: "masquerade"; readonly isRandomFully: boolean }
  | { readonly kind: "dnat"; readonly to: string };

export interface Rule {
  readonly matches: readonly Match[];
  readonly target: Target;
}

export interface Chain {
  readonly name: string;
  readonly rules: readonly Rule[];
}

/** How one of the kernel's own chains leads to one of ours. */
export interface BaseJump {
  readonly table: TableName;
  readonly from: "INPUT" | "OUTPUT" | "FORWARD" | "PREROUTING" | "POSTROUTING";
  readonly rule: Rule & { readonly target: { readonly kind: "jump"; readonly chain: string } };
}

export const rule = (target: Target, ...matches: readonly Match[]): Rule => ({ matches, target });
export const jump = (chain: string) => ({ kind: "jump", chain }) as const;
export const comment = (text: string): Match => ({ kind: "comment", text });
