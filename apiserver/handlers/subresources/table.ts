import type { ServiceAccountTokens } from "../../authentication/service-account-tokens.ts";
import type { KubeletClient } from "../../node-access/kubelet-client.ts";
import type { ApiServices, Handler } from "../handler.ts";
import { createBindingHandler } from "./binding.ts";
import { byVerb } from "./by-verb.ts";
import { createEvictionHandler } from "./eviction.ts";
import { createFinalizeHandler } from "./finalize.ts";
import { createLogHandler } from "./log.ts";
import { createNodeProxyHandler, createPodProxyHandler, createServiceProxyHandler } from "./proxy.ts";
import { createAttachHandler, createExecHandler, createPortForwardHandler } from "./pod-streams.ts";
import { createTokenHandler, type TokenLifetimes } from "./token.ts";

export interface SubresourceServices extends ApiServices {
  readonly tokens: ServiceAccountTokens;
  readonly tokenLifetimes: TokenLifetimes;
  /** Without it nothing that needs a kubelet is served. */
  readonly kubelets: KubeletClient | undefined;
}

/** `<group>/<plural>/<subresource>` to its handler; `status` and `scale` are the same for every kind. */
export function subresourceHandlers(services: SubresourceServices): [string, Handler][] {
  const { kubelets } = services;
  const binding = byVerb({ create: createBindingHandler(services) });
  const handlers: [string, Handler][] = [
    ["/bindings/", binding],
    ["/pods/binding", binding],
    ["/pods/eviction", byVerb({ create: createEvictionHandler(services) })],
    ["/namespaces/finalize", byVerb({ update: createFinalizeHandler(services) })],
    ["/serviceaccounts/token", byVerb({ create: createTokenHandler(services) })],
  ];
  if (kubelets === undefined) return handlers;
  const connected = { ...services, kubelets };
  return [
    ...handlers,
    ["/pods/log", byVerb({ get: createLogHandler(connected) })],
    ["/pods/exec", createExecHandler(connected)],
    ["/pods/attach", createAttachHandler(connected)],
    ["/pods/portforward", createPortForwardHandler(connected)],
    ["/pods/proxy", createPodProxyHandler(connected)],
    ["/services/proxy", createServiceProxyHandler(connected)],
    ["/nodes/proxy", createNodeProxyHandler(connected)],
  ];
}
