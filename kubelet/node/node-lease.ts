/** Renews the node's Lease: cheap proof of life. Upstream: `component-helpers/apimachinery/lease`. */
import type { Lease } from "../../shared/api/generated/coordination/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { isConflict, isNotFound } from "../../shared/errors/status-error.ts";
import { type Clock, rfc3339Micro } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import { leases } from "../../shared/resources/catalog.ts";

const NAMESPACE = "kube-node-lease";
/** Renewed when a quarter of its life is over. */
const RENEW_PART = 0.25;
const RETRY_MS = 200;
const RETRY_MAX_MS = 7000;

export interface NodeLeaseOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nodeName: string;
  readonly durationSeconds: number;
  /** Owner of the lease, once the node is registered. */
  nodeUid(): string | undefined;
}

/** Runs until `signal` aborts. */
export async function keepNodeLease(options: NodeLeaseOptions, signal: AbortSignal): Promise<void> {
  let lease: Lease | undefined;
  let retryMs = RETRY_MS;
  while (!signal.aborted) {
    try {
      lease = await renew(options, lease, signal);
      retryMs = RETRY_MS;
      await options.clock.sleep(options.durationSeconds * 1000 * RENEW_PART, signal);
    } catch (err) {
      if (signal.aborted) return;
      if (isNotFound(err) || isConflict(err)) lease = undefined;
      options.logger.debug({ err }, "could not renew the node's lease, will try again");
      await options.clock.sleep(retryMs, signal);
      retryMs = Math.min(RETRY_MAX_MS, retryMs * 2);
    }
  }
}

async function renew(options: NodeLeaseOptions, known: Lease | undefined, signal: AbortSignal): Promise<Lease> {
  const { client, clock, nodeName } = options;
  const at = { namespace: NAMESPACE, name: nodeName };
  const spec = {
    holderIdentity: nodeName,
    leaseDurationSeconds: options.durationSeconds,
    renewTime: rfc3339Micro(clock.nowMs()),
  };
  const uid = options.nodeUid();
  const ownerReferences = uid === undefined ? [] : [{ apiVersion: "v1", kind: "Node", name: nodeName, uid }];
  const current = known ?? (await client.get(leases, at, signal).catch(ifNotFound));
  if (current === undefined) {
    const metadata = { ...at, ownerReferences };
    return client.create(
      leases,
      { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec },
      { namespace: NAMESPACE, signal },
    );
  }
  const metadata = ownerReferences.length === 0 ? current.metadata : { ...current.metadata, ownerReferences };
  return client.update(leases, { ...current, metadata, spec: { ...current.spec, ...spec } }, { signal });
}

function ifNotFound(error: unknown): undefined {
  if (isNotFound(error)) return undefined;
  throw error;
}
