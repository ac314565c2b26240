/** The whole ruleset as text: per table, per chain, its rules without the `-A CHAIN` before them. */
import { baseJumps, fixedChains, nodePortsRule } from "./base-rules.ts";
import type { Chain, TableName } from "./rule.ts";
import type { RuleOptions } from "./rule-options.ts";
import { ruleText } from "./rule-text.ts";
import type { ServiceRules } from "./service-rules.ts";

export type ChainTexts = ReadonlyMap<string, readonly string[]>;

/** Jumps of one table: kernel chain, and the rule's text. */
export interface JumpText {
  readonly from: string;
  readonly to: string;
  readonly text: string;
}

export interface TableText {
  readonly chains: ChainTexts;
  readonly jumps: readonly JumpText[];
}

export type RulesetText = Readonly<Record<TableName, TableText>>;

/** Text of one service port's rules; kept as long as the port does not change. */
export interface ServiceText {
  readonly chains: ChainTexts;
  readonly natServices: readonly string[];
  readonly natNodePorts: readonly string[];
  readonly filterServices: readonly string[];
  readonly filterExternalServices: readonly string[];
  readonly filterProxyFirewall: readonly string[];
}

const textsOf = (chains: readonly Chain[]): [string, string[]][] =>
  chains.map((chain) => [chain.name, chain.rules.map(ruleText)]);

export function serviceText(rules: ServiceRules): ServiceText {
  return {
    chains: new Map(textsOf(rules.chains)),
    natServices: rules.natServices.map(ruleText),
    natNodePorts: rules.natNodePorts.map(ruleText),
    filterServices: rules.filterServices.map(ruleText),
    filterExternalServices: rules.filterExternalServices.map(ruleText),
    filterProxyFirewall: rules.filterProxyFirewall.map(ruleText),
  };
}

/** Joins the texts of all service ports with what always stands there. */
export function rulesetText(services: readonly ServiceText[], options: RuleOptions): RulesetText {
  const { chains } = options;
  const fixed = fixedChains(options);
  const jumps = baseJumps(options);
  const all = (part: Exclude<keyof ServiceText, "chains">): string[] => services.flatMap((service) => service[part]);
  const filter = new Map<string, readonly string[]>([
    [chains.services, all("filterServices")],
    [chains.externalServices, all("filterExternalServices")],
    [chains.proxyFirewall, all("filterProxyFirewall")],
    ...textsOf(fixed.filter),
  ]);
  const nat = new Map<string, readonly string[]>([
    [chains.services, [...all("natServices"), ruleText(nodePortsRule(options))]],
    [chains.nodePorts, all("natNodePorts")],
    ...textsOf(fixed.nat),
  ]);
  for (const service of services) for (const [name, lines] of service.chains) nat.set(name, lines);
  const table = (name: TableName, chainTexts: ChainTexts): TableText => ({
    chains: chainTexts,
    jumps: jumps
      .filter((jump) => jump.table === name)
      .map(({ from, rule }) => ({ from, to: rule.target.chain, text: ruleText(rule) })),
  });
  return {
    filter: table("filter", filter),
    nat: table("nat", nat),
    mangle: table("mangle", new Map(textsOf(fixed.mangle))),
  };
}
