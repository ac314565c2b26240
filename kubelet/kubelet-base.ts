/** What every part of a kubelet process needs: made first, closed last. */
import { mkdirSync } from "node:fs";
import type { ApiClient } from "../shared/client/api-client.ts";
import { createEventRecorder, type EventRecorder } from "../shared/events/event-recorder.ts";
import { createApiClient } from "../shared/client/http-client.ts";
import { value } from "../shared/machinery/quantity.ts";
import { type Clock, systemClock } from "../shared/process/clock.ts";
import { createLogger, type Logger } from "../shared/process/logger.ts";
import { createMetrics, Registry } from "../shared/process/metrics.ts";
import { GIT_VERSION } from "../shared/process/version.ts";
import { clusterAccess } from "./certificates/bootstrap.ts";
import { defaultAddress, type MachineInfo, readMachineInfo } from "./node/machine.ts";
import type { KubeletOptions } from "./options.ts";
import { openRuntime } from "./runtime/open-runtime.ts";
import type { ContainerRuntime, RuntimeVersion } from "./runtime/runtime.ts";

export interface KubeletBase {
  readonly options: KubeletOptions;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborts when the kubelet stops. */
  readonly signal: AbortSignal;
  readonly client: ApiClient;
  /** From now on the node shows this certificate to the API. */
  useClientCertificate(cert: string, key: string): void;
  readonly recorder: EventRecorder;
  /** What `/metrics` shows. */
  readonly registry: Registry;
  /** What `/metrics/probes` shows. */
  readonly probeRegistry: Registry;
  readonly runtime: ContainerRuntime;
  readonly runtimeVersion: RuntimeVersion;
  readonly hostIps: readonly string[];
  readonly machine: MachineInfo;
  readonly startedAtMs: number;
}

/** The first answer of a runtime that is just starting. */
const RUNTIME_WAIT_MS = 60_000;
const RUNTIME_POLL_MS = 100;

/** Rejects when the kubeconfig cannot be read or the runtime does not come up. */
export async function prepareKubelet(options: KubeletOptions, signal: AbortSignal): Promise<KubeletBase> {
  const clock = systemClock;
  const logger = createLogger("kubelet", options.logLevel);
  mkdirSync(options.rootDir, { recursive: true });
  const access = await clusterAccess(options, clock, logger, signal);
  let identity = access.clientCertificate;
  const client = createApiClient(
    { ...access, currentClientCertificate: () => identity },
    {
      userAgent: `kubelet/${GIT_VERSION}`,
      qps: options.configuration.kubeAPIQPS,
      burst: options.configuration.kubeAPIBurst,
    },
  );
  const runtime = openRuntime(runtimeOptions(options), clock);
  return {
    options,
    clock,
    logger,
    signal,
    client,
    useClientCertificate: (cert, key) => {
      identity = { cert, key };
    },
    recorder: createEventRecorder({ client, component: "kubelet", host: options.nodeName, clock, logger, signal }),
    registry: createMetrics("kubelet"),
    probeRegistry: new Registry(),
    runtime,
    runtimeVersion: await waitForRuntime(runtime, clock, logger),
    hostIps: [options.nodeIp === "" ? defaultAddress() : options.nodeIp],
    machine: readMachineInfo(),
    startedAtMs: clock.nowMs(),
  };
}

/** Where network configurations are when the kubelet does not write its own. */
const SYSTEM_CNI_FOLDER = "/etc/cni/net.d";

function runtimeOptions({ runtimeEndpoint, sandboxImage, cniConfDir, rootDir, configuration }: KubeletOptions) {
  return {
    endpoint: runtimeEndpoint,
    sandboxImage,
    cniConfDir: cniConfDir === "" ? SYSTEM_CNI_FOLDER : cniConfDir,
    rootDir,
    logs: { bytesMax: value(configuration.containerLogMaxSize), filesMax: configuration.containerLogMaxFiles },
  };
}

/** A runtime that starts together with us is not an error. */
async function waitForRuntime(runtime: ContainerRuntime, clock: Clock, logger: Logger): Promise<RuntimeVersion> {
  const startedAtMs = clock.monotonicMs();
  for (;;) {
    try {
      return await runtime.version();
    } catch (err) {
      if (clock.monotonicMs() - startedAtMs > RUNTIME_WAIT_MS) throw err;
      logger.debug({ err }, "the container runtime does not answer yet");
      await clock.sleep(RUNTIME_POLL_MS);
    }
  }
}
