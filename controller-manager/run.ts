/**
 * The controller manager: waits for the lead, then runs all controllers until it is stopped or loses the lead
 * (upstream: `cmd/kube-controller-manager`).
 */
import type { ApiClient } from "../shared/client/api-client.ts";
import { clientMetrics } from "../shared/client/client-metrics.ts";
import { createApiClient } from "../shared/client/http-client.ts";
import type { ClusterAccess } from "../shared/client/kubeconfig.ts";
import { createEventRecorder } from "../shared/events/event-recorder.ts";
import { type Leadership, runLeaderElection } from "../shared/leader-election/leader-election.ts";
import type { Clock } from "../shared/process/clock.ts";
import type { Logger } from "../shared/process/logger.ts";
import { createMetrics, Gauge, type Registry } from "../shared/process/metrics.ts";
import type { RunningComponent } from "../shared/process/run-component.ts";
import { startSideServer } from "../shared/process/side-server.ts";
import { queueMetrics } from "../shared/workqueue/queue-metrics.ts";
import { controllers } from "./controllers.ts";
import { fencedClient } from "./runtime/fenced-client.ts";
import { createSharedInformers } from "./runtime/shared-informers.ts";
import type { Settings } from "./settings.ts";

const NAME = "kube-controller-manager";
const LEASE = { namespace: "kube-system", name: NAME };

export interface ControllerManagerOptions {
  readonly access: ClusterAccess;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly logger: Logger;
  /** False for the only one of its cluster: it leads at once, without a lease. */
  readonly leaderElect: boolean;
  /** Unique for this process, for the lease. */
  readonly identity: string;
  readonly lease?:
    | { readonly durationMs: number; readonly renewDeadlineMs: number; readonly retryPeriodMs: number }
    | undefined;
  /** Health and metrics; none when left out. */
  readonly side?:
    | {
        readonly host: string;
        readonly port: number;
        readonly tls?: { readonly cert: string; readonly key: string } | undefined;
      }
    | undefined;
}

export interface RunningControllerManager extends RunningComponent {
  /** Where health and metrics are served; 0 without a side server. */
  readonly port: number;
}

export async function run(options: ControllerManagerOptions): Promise<RunningControllerManager> {
  const { clock, logger } = options;
  const registry = createMetrics(NAME);
  const client = createApiClient(options.access, { userAgent: NAME, clock, onRequest: clientMetrics(registry) });
  const observerFor = queueMetrics(registry);
  const status = new Gauge({
    name: "leader_election_master_status",
    help: "1 while this process leads",
    labelNames: ["name"],
    registers: [registry],
  });
  status.set({ name: NAME }, 0);
  const side = await startSide(options, registry);
  const stopping = new AbortController();

  const lead = async (leadership: Leadership): Promise<void> => {
    status.set({ name: NAME }, 1);
    try {
      await runControllers(fencedClient(client, leadership.isLeading), client, leadership.signal, options, observerFor);
    } finally {
      status.set({ name: NAME }, 0);
    }
  };
  const work = options.leaderElect
    ? electAndLead(options, client, stopping.signal, lead)
    : lead({ signal: stopping.signal, isLeading: () => true });
  const done = untilEnded(work, async () => {
    stopping.abort();
    await Promise.all([side?.close(), client.close()]);
  });
  // Whoever waits for `done` hears of a failure; until then it is not an unhandled one.
  done.catch((err: unknown) => logger.error({ err }, "ended"));
  return {
    done,
    port: side?.port ?? 0,
    stop: async () => {
      stopping.abort();
      await done;
    },
  };
}

async function untilEnded(work: Promise<void>, cleanUp: () => Promise<void>): Promise<void> {
  try {
    await work;
  } finally {
    await cleanUp();
  }
}

function electAndLead(
  { clock, logger, identity, lease }: ControllerManagerOptions,
  client: ApiClient,
  signal: AbortSignal,
  onLeading: (leadership: Leadership) => Promise<void>,
): Promise<void> {
  return runLeaderElection({
    client,
    lease: LEASE,
    identity,
    clock,
    logger,
    signal,
    onLeading,
    leaseDurationMs: lease?.durationMs,
    renewDeadlineMs: lease?.renewDeadlineMs,
    retryPeriodMs: lease?.retryPeriodMs,
  });
}

/** Runs all controllers; ends them all when one cannot go on. */
async function runControllers(
  client: ApiClient,
  eventClient: ApiClient,
  until: AbortSignal,
  { clock, logger, settings }: ControllerManagerOptions,
  observerFor: ReturnType<typeof queueMetrics>,
): Promise<void> {
  const ended = new AbortController();
  const signal = AbortSignal.any([until, ended.signal]);
  const informers = createSharedInformers({ client, clock, logger, signal });
  const recorderFor = (component: string) =>
    createEventRecorder({ client: eventClient, component, clock, logger, signal });
  try {
    const services = { client, informers, clock, logger, recorderFor, observerFor, signal };
    await Promise.all(controllers(settings).map((controller) => controller.run(services)));
  } finally {
    ended.abort();
    await informers.done();
  }
}

/** Health and metrics over TLS; with a certificate of its own when none is given, as upstream. */
async function startSide({ side }: ControllerManagerOptions, registry: Registry) {
  if (side === undefined) return undefined;
  const { host, port, tls = await selfSigned(host) } = side;
  return startSideServer({ host, port, tls, registry });
}

async function selfSigned(host: string): Promise<{ cert: string; key: string }> {
  // Loaded only when needed: the certificate library costs 15 MB of memory.
  const { createCertificateAuthority, issueCertificate } = await import("../shared/process/pki.ts");
  const authority = await createCertificateAuthority(`${NAME}-ca`);
  const { certificate, key } = await issueCertificate(authority, {
    commonName: NAME,
    dnsNames: ["localhost"],
    ipAddresses: [host],
    usages: ["server"],
  });
  return { cert: certificate, key };
}
