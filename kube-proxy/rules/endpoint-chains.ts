import { addressOf, type ServiceEndpoint } from "../state/endpoint.ts";
import type { ServicePort } from "../state/service-port.ts";
import { type Chain, comment, jump, type Match, type Rule, rule } from "./rule.ts";
import type { RuleOptions } from "./rule-options.ts";

const hasAffinity = (port: ServicePort, options: RuleOptions): boolean =>
  port.affinitySeconds !== undefined && options.hasRecent;

/** Chain of one endpoint: rewrite the destination; masquerade what an endpoint sends to itself (hairpin). */
export function endpointChain(port: ServicePort, endpoint: ServiceEndpoint, options: RuleOptions): Chain {
  const { chains } = options;
  const name = chains.endpoint(port, addressOf(endpoint));
  const remember: Match[] = hasAffinity(port, options) ? [{ kind: "remember", list: name }] : [];
  return {
    name,
    rules: [
      rule(jump(chains.markMasquerade), comment(port.name), { kind: "source", range: endpoint.ip }),
      rule({ kind: "dnat", to: addressOf(endpoint) }, comment(port.name), ...remember, {
        kind: "protocol",
        protocol: port.protocol,
      }),
    ],
  };
}

/**
 * Rules of a policy chain: first to the endpoint a client was sent to before, then to any, each with the same chance.
 */
export function balancingRules(port: ServicePort, endpoints: readonly ServiceEndpoint[], options: RuleOptions): Rule[] {
  const targets = endpoints.map((endpoint) => ({
    text: comment(`${port.name} -> ${addressOf(endpoint)}`),
    chain: options.chains.endpoint(port, addressOf(endpoint)),
  }));
  const { affinitySeconds } = port;
  const sticky =
    affinitySeconds === undefined || !options.hasRecent
      ? []
      : targets.map(({ text, chain }) =>
          rule(jump(chain), text, { kind: "recentlySeen", list: chain, seconds: affinitySeconds }),
        );
  const spread = targets.map(({ text, chain }, index) => {
    const oneOf = targets.length - index;
    return oneOf === 1 ? rule(jump(chain), text) : rule(jump(chain), text, { kind: "probability", oneOf });
  });
  return [...sticky, ...spread];
}
