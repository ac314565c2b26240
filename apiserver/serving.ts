/**
 * What every thread that serves the API has: caches, registry, handlers and a listener, put together once. The store
 * and what must happen only once in a process belong to `run.ts`.
 */
import { randomUUID } from "node:crypto";
import { createMetrics, type Registry as MetricsRegistry } from "../shared/process/metrics.ts";
import { admissionPlugins } from "./admission/plugins.ts";
import { privilegeEscalation } from "./admission/privilege-escalation.ts";
import { createServiceHook, type ServiceHook } from "./allocation/service-hook.ts";
import { clientAuthorities, createIdentity } from "./authentication/identity.ts";
import { createAuthorizer, DEFAULT_AUTHORIZATION_MODES } from "./authorization/modes.ts";
import { nodeRules } from "./bootstrap/policy-components.ts";
import { createDispatcher } from "./handlers/dispatch.ts";
import { createHandlerTable } from "./handlers/handler-table.ts";
import { buildChain } from "./http/chain.ts";
import { InFlight, type InFlightCounts } from "./http/in-flight.ts";
import { ApiHttpServer } from "./http/server.ts";
import { RequestLabeller } from "./metrics/request-labels.ts";
import { createServerMetrics } from "./metrics/server-metrics.ts";
import { createStoreMetrics } from "./metrics/store-metrics.ts";
import { createKubeletClient } from "./node-access/kubelet-client.ts";
import type { ApiServerOptions } from "./options.ts";
import { createPaths } from "./paths.ts";
import { ObjectRegistry } from "./registry/object-registry.ts";
import type { AnyStrategy } from "./registry/strategy.ts";
import { builtInStrategies } from "./resources/all.ts";
import { applySchemaDefaults } from "./schema/defaults.ts";
import { meterStorage } from "./storage/metered-storage.ts";
import type { Storage } from "./storage/storage.ts";
import type { CacheSource } from "./watch-cache/cache-source.ts";
import { createWatchCaches, type WatchCaches } from "./watch-cache/watch-caches.ts";

/** What differs between the main thread and the others. */
export interface ServingRole {
  /** What the caches are filled from; the store itself when left out. */
  readonly source?: (storage: Storage) => CacheSource;
  /** Requests in flight in all threads; only this one's when left out. */
  readonly counts?: InFlightCounts;
  /** Whether the objects that every cluster has are written. */
  isBootstrapped(): boolean;
  isStopping(): boolean;
  /** The text of `/metrics`. */
  metricsText(own: MetricsRegistry): Promise<string>;
  readonly sharing?: "first" | "joins";
  readonly ticketKeys?: Buffer;
  readonly beforeRequest?: () => void;
}

export interface Serving {
  /** With its calls measured. */
  readonly storage: Storage;
  readonly metrics: MetricsRegistry;
  readonly caches: WatchCaches;
  readonly registry: ObjectRegistry;
  readonly serviceHook: ServiceHook;
  readonly server: ApiHttpServer;
  /** Ends what is running, then the connections to kubelets. */
  stop(): Promise<void>;
}

/** Nothing runs yet: start the caches, then listen. */
export function createServing(options: ApiServerOptions, role: ServingRole): Serving {
  const { clock, logger } = options;
  const strategies = withEventTtl(options.strategies ?? builtInStrategies, options.eventTtlSeconds);
  const metrics = createMetrics("apiserver");
  const storeMetrics = createStoreMetrics(metrics, options.storage);
  const storage = meterStorage(options.storage, storeMetrics.storage, clock);
  const caches = createWatchCaches({
    storage,
    strategies,
    clock,
    logger,
    metrics: storeMetrics.cache,
    ...(role.source && { source: role.source(storage) }),
  });
  const { reader } = caches;

  const serviceHook = createServiceHook({
    storage,
    clock,
    logger,
    clusterIpRange: options.serviceClusterIpRange,
    nodePortRange: options.serviceNodePortRange,
  });
  const authorizer = createAuthorizer(options.authorizationModes ?? DEFAULT_AUTHORIZATION_MODES, reader, nodeRules);
  const admission = [...admissionPlugins({ reader, storage, authorizer, clock }), privilegeEscalation(authorizer)];
  const registry = new ObjectRegistry(
    { storage, admission, hooks: [serviceHook], clock, newUid: randomUUID, applySchemaDefaults },
    strategies,
  );
  const refresh = async (): Promise<void> => caches.waitForRevision(await options.storage.currentRevision());
  const { authenticator, ...identity } = createIdentity(options, reader, refresh);
  const kubelets = createKubelets(options);

  const inFlight = new InFlight(role.counts);
  const labeller = new RequestLabeller(strategies);
  const paths = createPaths({ options, strategies, caches, metrics, tokens: identity.tokens, role });
  const services = { storage, caches, reader, registry, authorizer, admission, strategies, clock, logger };
  const { minRequestTimeoutMs } = options;
  const watches = { watchMetrics: storeMetrics.watchEvents, watchSettings: { minRequestTimeoutMs } };
  const table = createHandlerTable({ ...services, ...identity, kubelets, ...watches });
  const handler = buildChain(
    {
      clock,
      logger,
      metrics: createServerMetrics(metrics, inFlight, labeller),
      authenticator,
      authorizer,
      inFlight,
      requestTimeoutMs: options.requestTimeoutMs,
      limits: { readOnly: options.maxRequestsInFlight, mutating: options.maxMutatingRequestsInFlight },
    },
    createDispatcher({ ...table, strategies, paths }),
  );
  const server = new ApiHttpServer({
    address: options.bindAddress,
    port: options.securePort,
    tls: options.tls && {
      ...options.tls,
      ca: clientAuthorities(options),
      ...(role.ticketKeys && { ticketKeys: role.ticketKeys }),
    },
    handler,
    inFlight,
    requestTimeoutMs: options.requestTimeoutMs,
    clock,
    logger,
    ...(role.sharing && { sharing: role.sharing }),
    ...(role.beforeRequest && { beforeRequest: role.beforeRequest }),
  });
  return {
    storage,
    metrics,
    caches,
    registry,
    serviceHook,
    server,
    stop: async () => {
      await server.stop();
      kubelets?.close();
    },
  };
}

function createKubelets({ kubeletClient }: ApiServerOptions): ReturnType<typeof createKubeletClient> | undefined {
  if (kubeletClient === undefined) return undefined;
  const { cert, key, certificateAuthority } = kubeletClient;
  return createKubeletClient({ cert, key, ca: certificateAuthority });
}

/** `--event-ttl` is the only setting that changes a strategy. */
function withEventTtl(strategies: readonly AnyStrategy[], ttlSeconds: number): AnyStrategy[] {
  return strategies.map((strategy) =>
    strategy.resource.plural !== "events"
      ? strategy
      : { ...strategy, use: (visit) => strategy.use((one) => visit({ ...one, ttlSeconds })) },
  );
}
