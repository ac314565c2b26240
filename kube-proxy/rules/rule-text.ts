import type { Match, Rule, Target } from "./rule.ts";

const not = (isNot: boolean | undefined): string => (isNot === true ? "! " : "");
const hex = (bits: number): string => `0x${bits.toString(16)}`;
/** Upstream and `iptables-save` quote only what holds a blank. */
const quoted = (text: string): string => (/[^\w./:>-]/.test(text) ? `"${text.replaceAll(/["\\]/g, "\\$&")}"` : text);

function matchText(match: Match): string {
  switch (match.kind) {
    case "comment":
      return `-m comment --comment ${quoted(match.text)}`;
    case "protocol":
      return `-m ${match.protocol.toLowerCase()} -p ${match.protocol.toLowerCase()}`;
    case "source":
      return `${not(match.isNot)}-s ${match.range}`;
    case "destination":
      return `${not(match.isNot)}-d ${match.range}`;
    case "destinationPort":
      return `--dport ${match.port}`;
    case "mark":
      return `-m mark ${not(match.isNot)}--mark ${hex(match.mark)}/${hex(match.mark)}`;
    case "conntrackState":
      return `-m conntrack ${not(match.isNot)}--ctstate ${match.states.join(",")}`;
    case "addressType":
      return `-m addrtype --${match.side === "source" ? "src" : "dst"}-type ${match.type}`;
    case "probability":
      return `-m statistic --mode random --probability ${(1 / match.oneOf).toFixed(10)}`;
    case "recentlySeen":
      return `-m recent --name ${match.list} --rcheck --seconds ${match.seconds} --reap`;
    case "remember":
      return `-m recent --name ${match.list} --set`;
  }
}

function targetText(target: Target): string {
  switch (target.kind) {
    case "jump":
      return target.chain;
    case "accept":
    case "drop":
    case "reject":
    case "return":
      return target.kind.toUpperCase();
    case "setMarkBits":
      return `MARK --or-mark ${hex(target.bits)}`;
    case "flipMarkBits":
      return `MARK --xor-mark ${hex(target.bits)}`;
    case "masquerade":
      return target.isRandomFully ? "MASQUERADE --random-fully" : "MASQUERADE";
    case "dnat":
      return `DNAT --to-destination ${target.to}`;
  }
}

/** A rule as `iptables-restore` reads it, without the `-A CHAIN` before it. */
export function ruleText({ matches, target }: Rule): string {
  return [...matches.map(matchText), `-j ${targetText(target)}`].join(" ");
}
