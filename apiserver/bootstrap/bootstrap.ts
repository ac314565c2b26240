/** Objects that every cluster has, created at each start when they are missing (upstream: `pkg/controlplane`). */
import type { PriorityClass } from "../../shared/api/generated/scheduling/v1.ts";
import { configMaps, namespaces, priorityClasses } from "../../shared/resources/catalog.ts";
import { bootstrapRbac } from "./bootstrap-rbac.ts";
import { ensureObject, runBounded } from "./ensure.ts";
import { type KubernetesServiceOptions, reconcileKubernetesService } from "./kubernetes-service.ts";
import type { Registry } from "../registry/registry.ts";

const NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];

const SYSTEM_CLASSES: readonly PriorityClass[] = [
  {
    metadata: { name: "system-node-critical" },
    value: 2_000_001_000,
    description: "Used for system critical pods that must not be moved from their current node.",
  },
  {
    metadata: { name: "system-cluster-critical" },
    value: 2_000_000_000,
    description:
      "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
  },
];

export interface BootstrapOptions extends KubernetesServiceOptions {
  /** PEM of `--client-ca-file`, for add-on API servers. */
  readonly clientCa: string | undefined;
}

/** Where add-on API servers learn whose client certificates to trust. */
async function publishClientCa(registry: Registry, clientCa: string): Promise<void> {
  const data = { "client-ca-file": clientCa };
  await ensureObject(
    registry,
    configMaps,
    { metadata: { name: "extension-apiserver-authentication", namespace: "kube-system" }, data },
    (present) =>
      present.data?.["client-ca-file"] === clientCa ? undefined : { ...present, data: { ...present.data, ...data } },
  );
}

/** Idempotent. Rejects when a write fails: the server is not ready then and should try again. */
export async function bootstrapObjects(options: BootstrapOptions): Promise<void> {
  const { registry, clientCa } = options;
  await runBounded(NAMESPACES.map((name) => () => ensureObject(registry, namespaces, { metadata: { name } })));
  await runBounded([
    ...SYSTEM_CLASSES.map((wanted) => () => ensureObject(registry, priorityClasses, wanted)),
    () => bootstrapRbac(registry),
    () => reconcileKubernetesService(options),
    async () => {
      if (clientCa !== undefined) await publishClientCa(registry, clientCa);
    },
  ]);
}
