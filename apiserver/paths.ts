/** The paths that are no resources, in the order in which they are asked. */
import type { Registry as MetricsRegistry } from "../shared/process/metrics.ts";
import { openidPaths } from "./authentication/openid-documents.ts";
import type { ServiceAccountTokens } from "./authentication/service-account-tokens.ts";
import { Discovery } from "./discovery/discovery.ts";
import { createPathHandler, onePath } from "./discovery/paths.ts";
import { versionDocument } from "./discovery/version.ts";
import { type HealthCheck, HealthChecks } from "./health/health-checks.ts";
import type { RequestContext } from "./http/request-context.ts";
import { sendBytes, sendObject } from "./http/respond.ts";
import { OpenApi } from "./openapi/openapi.ts";
import type { ApiServerOptions } from "./options.ts";
import { GIT_VERSION } from "../shared/process/version.ts";
import type { AnyStrategy } from "./registry/strategy.ts";
import type { ServingRole } from "./serving.ts";
import type { WatchCaches } from "./watch-cache/watch-caches.ts";

export interface PathDependencies {
  readonly options: ApiServerOptions;
  readonly strategies: readonly AnyStrategy[];
  readonly caches: WatchCaches;
  readonly metrics: MetricsRegistry;
  readonly tokens: ServiceAccountTokens;
  readonly role: Pick<ServingRole, "isBootstrapped" | "isStopping" | "metricsText">;
}

function failUnless(condition: boolean, why: string): void {
  if (!condition) throw new Error(why);
}

function healthChecks({ options, caches, role }: PathDependencies): HealthCheck[] {
  const everywhere = ["healthz", "livez", "readyz"] as const;
  return [
    { name: "ping", endpoints: everywhere, check: () => undefined },
    { name: "log", endpoints: everywhere, check: () => undefined },
    { name: "etcd", endpoints: everywhere, check: () => options.storage.checkHealth() },
    { name: "etcd-readiness", endpoints: ["readyz"], check: () => options.storage.checkHealth() },
    {
      name: "informer-sync",
      endpoints: ["readyz"],
      check: () => failUnless(caches.isReady, "the watch caches are not loaded"),
    },
    {
      name: "poststarthook/bootstrap-controller",
      endpoints: everywhere,
      check: () => failUnless(role.isBootstrapped(), "the objects of every cluster are not written"),
    },
    {
      name: "shutdown",
      endpoints: ["readyz"],
      check: () => failUnless(!role.isStopping(), "process is shutting down"),
    },
  ];
}

export function createPaths(dependencies: PathDependencies): (context: RequestContext) => Promise<boolean> {
  const { options, strategies, metrics, tokens, role } = dependencies;
  const address = `${options.advertiseAddress}:${options.securePort}`;
  return createPathHandler([
    new HealthChecks(healthChecks(dependencies), options.logger),
    new Discovery(strategies, address),
    new OpenApi(strategies, GIT_VERSION, options.clock),
    onePath("/version", (context) => sendObject(context, 200, versionDocument())),
    onePath("/metrics", async (context) => {
      sendBytes(context, 200, metrics.contentType, await role.metricsText(metrics));
    }),
    ...openidPaths({ ...tokens, address, jwksUri: options.serviceAccounts.jwksUri }),
  ]);
}
