/**
 * The apiserver as a component: storage, caches, registry, handlers and the listener, put together once.
 *
 * R1  Ready means: the store answers, every cache is loaded, and the objects that every cluster has are written.
 * R2  At a stop `/readyz` fails first, then watches end, running requests finish, and the store is closed last.
 */
import { randomUUID } from "node:crypto";
import type { RunningComponent } from "../shared/process/run-component.ts";
import { createMetrics } from "../shared/process/metrics.ts";
import { admissionPlugins } from "./admission/plugins.ts";
import { privilegeEscalation } from "./admission/privilege-escalation.ts";
import { createServiceHook } from "./allocation/service-hook.ts";
import { createAuthenticator } from "./authentication/authenticate.ts";
import { createServiceAccountTokens, type ServiceAccountTokens } from "./authentication/service-account-tokens.ts";
import { readPublicKeys, readSigningKey } from "./authentication/signing-keys.ts";
import { createAuthorizer, DEFAULT_AUTHORIZATION_MODES } from "./authorization/modes.ts";
import { nodeRules } from "./bootstrap/policy-components.ts";
import { createDispatcher } from "./handlers/dispatch.ts";
import { createHandlerTable } from "./handlers/handler-table.ts";
import { buildChain } from "./http/chain.ts";
import { InFlight } from "./http/in-flight.ts";
import { ApiHttpServer } from "./http/server.ts";
import { RequestLabeller } from "./metrics/request-labels.ts";
import { createServerMetrics } from "./metrics/server-metrics.ts";
import { createStoreMetrics } from "./metrics/store-metrics.ts";
import { createKubeletClient } from "./node-access/kubelet-client.ts";
import type { ApiServerOptions } from "./options.ts";
import { createPaths } from "./paths.ts";
import { PostStart } from "./post-start.ts";
import { ObjectRegistry } from "./registry/object-registry.ts";
import type { Registry } from "./registry/registry.ts";
import type { AnyStrategy } from "./registry/strategy.ts";
import { builtInStrategies } from "./resources/all.ts";
import { applySchemaDefaults } from "./schema/defaults.ts";
import { runCompactor } from "./storage/compactor.ts";
import { meterStorage } from "./storage/metered-storage.ts";
import { createWatchCaches, type WatchCaches } from "./watch-cache/watch-caches.ts";

export interface RunningApiServer extends RunningComponent {
  /** The port it listens on. */
  readonly port: number;
  readonly registry: Registry;
  readonly caches: WatchCaches;
  /** Resolves when `/readyz` is ok for the first time (R1). */
  readonly ready: Promise<void>;
}

/** The listener waits so long for the caches; with a store that is down it opens without them. */
const CACHE_LOAD_WAIT_MS = 5000;

/** Resolves when the server listens; `ready` tells when it is ready. */
export async function run(options: ApiServerOptions): Promise<RunningApiServer> {
  const { clock, logger } = options;
  const strategies = withEventTtl(options.strategies ?? builtInStrategies, options.eventTtlSeconds);
  const stopping = new AbortController();
  const metrics = createMetrics("apiserver");
  const storeMetrics = createStoreMetrics(metrics, options.storage);
  const storage = meterStorage(options.storage, storeMetrics.storage, clock);
  const caches = createWatchCaches({ storage, strategies, clock, logger, metrics: storeMetrics.cache });
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
  const tokens = createTokens(options, caches);
  const kubelets = createKubelets(options);

  const inFlight = new InFlight();
  const labeller = new RequestLabeller(strategies);
  const postStart = new PostStart({ options, registry, serviceHook, caches });
  const paths = createPaths({ options, strategies, caches, metrics, tokens, postStart, stopping: stopping.signal });
  const services = { storage, caches, reader, registry, authorizer, admission, strategies, clock, logger };
  const table = createHandlerTable({ ...services, tokens, kubelets, watchMetrics: storeMetrics.watchEvents });
  const handler = buildChain(
    {
      clock,
      logger,
      metrics: createServerMetrics(metrics, inFlight, labeller),
      authenticator: createAuthenticator({ clock, tokens }),
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
    tls: { ...options.tls, ...(options.clientCa === undefined ? {} : { ca: options.clientCa }) },
    handler,
    inFlight,
    requestTimeoutMs: options.requestTimeoutMs,
    clock,
    logger,
  });

  const loaded = caches.start(stopping.signal);
  void runCompactor({ storage, clock, logger }, stopping.signal);
  const waited = new AbortController();
  await Promise.race([loaded, clock.sleep(CACHE_LOAD_WAIT_MS, waited.signal)]);
  waited.abort();
  const port = await server.listen();
  logger.info({ port }, "listening");
  const ready = loaded.then(() => postStart.run(port, stopping.signal));
  ready.catch((err: unknown) => logger.error({ err }, "could not become ready"));

  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    stopping.abort();
    await postStart.finished();
    await server.stop();
    kubelets?.close();
    await storage.close();
  };
  return {
    port,
    registry,
    caches,
    ready,
    done: new Promise<void>(() => undefined),
    stop: () => (stopped ??= stop()),
  };
}

function createTokens(
  { serviceAccounts, clock, storage }: ApiServerOptions,
  caches: WatchCaches,
): ServiceAccountTokens {
  const signingKey = readSigningKey(serviceAccounts.signingKey);
  return createServiceAccountTokens({
    issuers: serviceAccounts.issuers,
    ...(serviceAccounts.audiences.length === 0 ? {} : { audiences: serviceAccounts.audiences }),
    keys: [...serviceAccounts.verificationKeys.flatMap(readPublicKeys), signingKey],
    signingKey,
    reader: caches.reader,
    clock,
    refresh: async () => caches.waitForRevision(await storage.currentRevision()),
  });
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
