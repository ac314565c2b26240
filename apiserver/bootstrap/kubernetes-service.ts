/**
 * The `kubernetes` Service of the default namespace, its Endpoints and its EndpointSlice (upstream:
 * `pkg/controlplane/controller/kubernetesservice`, `reconcilers/lease.go`).
 *
 * K1  Each living apiserver keeps a key below `/registry/masterleases/` that expires by itself.
 * K2  Endpoints and EndpointSlice hold the addresses of those keys; whoever sees another state writes it.
 * K3  An address that pods could not reach (loopback) is no endpoint: its server has a lease and a Service, no more.
 */
import type { Endpoints } from "../../shared/api/generated/core/v1.ts";
import type { EndpointSlice } from "../../shared/api/generated/discovery/v1.ts";
import type { Logger } from "../../shared/process/logger.ts";
import { endpointSlices, endpoints, services } from "../../shared/resources/catalog.ts";
import type { Registry } from "../registry/registry.ts";
import type { Storage } from "../storage/storage.ts";
import { specialIpProblems } from "../validation/addresses.ts";
import { ensureObject } from "./ensure.ts";
import { reconcileServiceRange, type ServiceRangeOptions } from "./service-range.ts";

export interface KubernetesServiceOptions extends ServiceRangeOptions {
  readonly storage: Storage;
  readonly logger: Logger;
  /** First address of the service range. */
  readonly serviceIp: string;
  /** Where other machines and pods reach this apiserver. */
  readonly advertiseAddress: string;
  readonly securePort: number;
}

const NAMESPACE = "default";
const NAME = "kubernetes";
const PORT_NAME = "https";
const SERVICE_PORT = 443;
const LEASE_PREFIX = "/registry/masterleases/";
const LEASE_TTL_SECONDS = 15;
const RECONCILE_INTERVAL_MS = 10_000;

async function ensureService({ registry, serviceIp, securePort }: KubernetesServiceOptions): Promise<void> {
  await ensureObject(registry, services, {
    metadata: { name: NAME, namespace: NAMESPACE, labels: { component: "apiserver", provider: "kubernetes" } },
    spec: {
      clusterIP: serviceIp,
      ports: [{ name: PORT_NAME, port: SERVICE_PORT, protocol: "TCP", targetPort: securePort }],
      sessionAffinity: "None",
      type: "ClusterIP",
    },
  });
}

async function renewLease({ storage, advertiseAddress }: KubernetesServiceOptions): Promise<void> {
  const key = `${LEASE_PREFIX}${advertiseAddress}`;
  const value = Buffer.from(
    JSON.stringify({
      apiVersion: "v1",
      kind: "Endpoints",
      metadata: {},
      subsets: [{ addresses: [{ ip: advertiseAddress }] }],
    }),
  );
  const { item } = await storage.get(key);
  // A conflict means that a former life of this process still wrote: its lease is as good.
  if (item === undefined) await storage.create(key, value, { ttlSeconds: LEASE_TTL_SECONDS });
  else await storage.update(key, value, item.modRevision, { ttlSeconds: LEASE_TTL_SECONDS });
}

/** Addresses of living servers that pods can reach. */
async function livingAddresses(storage: Storage): Promise<string[]> {
  const { items } = await storage.range(LEASE_PREFIX);
  const addresses = items.map((item) => item.key.slice(LEASE_PREFIX.length));
  return addresses.filter((address) => specialIpProblems(address).length === 0).sort();
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

async function writeEndpoints(registry: Registry, addresses: readonly string[], port: number): Promise<void> {
  const ports = [{ name: PORT_NAME, port, protocol: "TCP" }];
  const wanted: Endpoints = {
    metadata: { name: NAME, namespace: NAMESPACE, labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } },
    subsets: [{ addresses: addresses.map((ip) => ({ ip })), ports }],
  };
  await ensureObject(registry, endpoints, wanted, (present) => {
    const found = (present.subsets ?? []).map((subset) => [
      subset.addresses?.map((address) => address.ip),
      subset.ports?.map((known) => [known.name, known.port]),
    ]);
    if (isSame(found, [[addresses, [[PORT_NAME, port]]]])) return undefined;
    return { ...present, subsets: wanted.subsets };
  });
}

async function writeSlice(registry: Registry, addresses: readonly string[], port: number): Promise<void> {
  const wanted: EndpointSlice = {
    metadata: { name: NAME, namespace: NAMESPACE, labels: { "kubernetes.io/service-name": NAME } },
    addressType: addresses[0]?.includes(":") === true ? "IPv6" : "IPv4",
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports: [{ name: PORT_NAME, port, protocol: "TCP" }],
  };
  await ensureObject(registry, endpointSlices, wanted, (present) => {
    const found = [present.endpoints?.map((endpoint) => endpoint.addresses), present.ports?.map((known) => known.port)];
    const expected = [addresses.map((address) => [address]), [port]];
    if (isSame(found, expected)) return undefined;
    return { ...present, endpoints: wanted.endpoints, ports: wanted.ports };
  });
}

/** One round: makes the range, the Service and its endpoints right. Rejects when a write fails. */
export async function reconcileKubernetesService(options: KubernetesServiceOptions): Promise<void> {
  await reconcileServiceRange(options);
  await ensureService(options);
  await renewLease(options);
  const addresses = await livingAddresses(options.storage);
  if (addresses.length === 0) return;
  await writeEndpoints(options.registry, addresses, options.securePort);
  await writeSlice(options.registry, addresses, options.securePort);
}

async function leave({ registry, storage, advertiseAddress, securePort }: KubernetesServiceOptions): Promise<void> {
  const { item } = await storage.get(`${LEASE_PREFIX}${advertiseAddress}`);
  if (item !== undefined) await storage.delete(item.key, item.modRevision);
  const others = await livingAddresses(storage);
  // The last one leaves its address: it will most likely come back under the same.
  if (others.length === 0) return;
  await writeEndpoints(registry, others, securePort);
  await writeSlice(registry, others, securePort);
}

/** Keeps them right until `signal` aborts, then takes this apiserver's address out. Never rejects. */
export async function keepKubernetesService(options: KubernetesServiceOptions, signal: AbortSignal): Promise<void> {
  const { clock, logger } = options;
  while (!signal.aborted) {
    try {
      await reconcileKubernetesService(options);
    } catch (err) {
      logger.warn({ err }, "could not reconcile the kubernetes service");
    }
    await clock.sleep(RECONCILE_INTERVAL_MS, signal);
  }
  try {
    await leave(options);
  } catch (err) {
    logger.warn({ err }, "could not leave the kubernetes service");
  }
}
