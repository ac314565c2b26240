/** What stands in the tables whatever services there are: jumps from the kernel's chains, and fixed chains. */
import { type BaseJump, type Chain, comment, jump, type Match, type Rule, rule, type TableName } from "./rule.ts";
import type { RuleOptions } from "./rule-options.ts";

const NEW: Match = { kind: "conntrackState", states: ["NEW"] };

function baseJump(table: TableName, from: BaseJump["from"], chain: string, ...matches: readonly Match[]): BaseJump {
  return { table, from, rule: { matches, target: jump(chain) } };
}

/** Jumps in the order in which they are put at the head of their chains, so that the last one stands first. */
export function baseJumps({ chains }: RuleOptions): BaseJump[] {
  const portals = comment("kubernetes service portals");
  const external = comment("kubernetes externally-visible service portals");
  const balancer = comment("kubernetes load balancer firewall");
  return [
    baseJump("filter", "INPUT", chains.firewall),
    baseJump("filter", "OUTPUT", chains.firewall),
    baseJump("filter", "INPUT", chains.externalServices, NEW, external),
    baseJump("filter", "FORWARD", chains.externalServices, NEW, external),
    baseJump("filter", "FORWARD", chains.services, NEW, portals),
    baseJump("filter", "OUTPUT", chains.services, NEW, portals),
    baseJump("filter", "FORWARD", chains.forward, comment("kubernetes forwarding rules")),
    baseJump("filter", "INPUT", chains.proxyFirewall, NEW, balancer),
    baseJump("filter", "OUTPUT", chains.proxyFirewall, NEW, balancer),
    baseJump("filter", "FORWARD", chains.proxyFirewall, NEW, balancer),
    baseJump("nat", "OUTPUT", chains.services, portals),
    baseJump("nat", "PREROUTING", chains.services, portals),
    baseJump("nat", "POSTROUTING", chains.postrouting, comment("kubernetes postrouting rules")),
  ];
}

/** Accepts forwarded service traffic even where the policy of FORWARD is to drop. */
function forwardChain({ chains, masqueradeMark }: RuleOptions): Chain {
  return {
    name: chains.forward,
    rules: [
      rule({ kind: "drop" }, { kind: "conntrackState", states: ["INVALID"] }),
      rule({ kind: "accept" }, comment("kubernetes forwarding rules"), { kind: "mark", mark: masqueradeMark }),
      rule({ kind: "accept" }, comment("kubernetes forwarding conntrack rule"), {
        kind: "conntrackState",
        states: ["RELATED", "ESTABLISHED"],
      }),
    ],
  };
}

/** With `route_localnet` others on the link could reach 127.0.0.0/8 of this machine (CVE-2020-8558): not so. */
function firewallChain({ chains, localhostNodePorts }: RuleOptions): Chain {
  const guard = rule(
    { kind: "drop" },
    comment("block incoming localnet connections"),
    { kind: "destination", range: "127.0.0.0/8" },
    { kind: "source", range: "127.0.0.0/8", isNot: true },
    { kind: "conntrackState", states: ["RELATED", "ESTABLISHED", "DNAT"], isNot: true },
  );
  return { name: chains.firewall, rules: localhostNodePorts ? [guard] : [] };
}

function masqueradeChains({ chains, masqueradeMark, isRandomFully }: RuleOptions): Chain[] {
  return [
    { name: chains.markMasquerade, rules: [rule({ kind: "setMarkBits", bits: masqueradeMark })] },
    {
      name: chains.postrouting,
      rules: [
        rule({ kind: "return" }, { kind: "mark", mark: masqueradeMark, isNot: true }),
        rule({ kind: "flipMarkBits", bits: masqueradeMark }),
        rule({ kind: "masquerade", isRandomFully }, comment("kubernetes service traffic requiring SNAT")),
      ],
    },
  ];
}

/** Chains of each table that do not depend on services. */
export function fixedChains(options: RuleOptions): Readonly<Record<TableName, readonly Chain[]>> {
  // Nothing jumps to it. It has a rule so that it also tells of a flush that spares the chains.
  const canary: Chain = { name: options.chains.canary, rules: [rule({ kind: "return" })] };
  return {
    filter: [canary, forwardChain(options), firewallChain(options)],
    nat: [canary, ...masqueradeChains(options)],
    mangle: [canary],
  };
}

/** The rule that must stand last in the services chain: what no address matched may be for a node port. */
export function nodePortsRule({ chains, localhostNodePorts }: RuleOptions): Rule {
  const text = comment("kubernetes service nodeports; NOTE: this must be the last rule in this chain");
  const toNode: Match = { kind: "addressType", side: "destination", type: "LOCAL" };
  const notLoopback: Match[] = localhostNodePorts ? [] : [{ kind: "destination", range: "127.0.0.0/8", isNot: true }];
  return rule(jump(chains.nodePorts), text, toNode, ...notLoopback);
}
