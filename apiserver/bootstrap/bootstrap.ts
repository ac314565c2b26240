/** Objects that every cluster has, created at each start when they are missing (upstream: `pkg/controlplane`). */
import { deepEqual } from "../../shared/machinery/deep-equal.ts";
import type { PriorityClass } from "../../shared/api/generated/scheduling/v1.ts";
import { configMaps, namespaces, priorityClasses } from "../../shared/resources/catalog.ts";
import type { FrontProxyOptions } from "../authentication/front-proxy.ts";
import { bootstrapFlowControl } from "./flow-control.ts";
import { bootstrapApiServices } from "./local-api-services.ts";
import { bootstrapRbac } from "./bootstrap-rbac.ts";
import { ensureObject, runBounded } from "./ensure.ts";
import { type KubernetesServiceOptions, reconcileKubernetesService } from "./kubernetes-service.ts";
import type { AnyStrategy } from "../registry/strategy.ts";

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
  readonly frontProxy?: FrontProxyOptions | undefined;
  /** What is served: each group-version gets its APIService. */
  readonly strategies: readonly AnyStrategy[];
}

/** Where add-on API servers learn whom to trust (upstream: `pkg/controlplane/controller/clusterauthenticationtrust`). */
async function publishTrust({ registry, clientCa, frontProxy }: BootstrapOptions): Promise<void> {
  const data = {
    ...(clientCa === undefined ? {} : { "client-ca-file": clientCa }),
    ...(frontProxy === undefined
      ? {}
      : {
          "requestheader-client-ca-file": frontProxy.clientCa,
          "requestheader-allowed-names": JSON.stringify(frontProxy.allowedNames),
          "requestheader-username-headers": JSON.stringify(frontProxy.usernameHeaders),
          "requestheader-uid-headers": JSON.stringify(frontProxy.uidHeaders),
          "requestheader-group-headers": JSON.stringify(frontProxy.groupHeaders),
          "requestheader-extra-headers-prefix": JSON.stringify(frontProxy.extraHeaderPrefixes),
        }),
  };
  const wanted = { metadata: { name: "extension-apiserver-authentication", namespace: "kube-system" }, data };
  await ensureObject(registry, configMaps, wanted, (present) => {
    const merged = { ...present.data, ...data };
    return deepEqual(merged, present.data) ? undefined : { ...present, data: merged };
  });
}

/** Idempotent. Rejects when a write fails: the server is not ready then and should try again. */
export async function bootstrapObjects(options: BootstrapOptions): Promise<void> {
  const { registry, clientCa, frontProxy, strategies, clock } = options;
  await runBounded(NAMESPACES.map((name) => () => ensureObject(registry, namespaces, { metadata: { name } })));
  await runBounded([
    ...SYSTEM_CLASSES.map((wanted) => () => ensureObject(registry, priorityClasses, wanted)),
    () => bootstrapRbac(registry),
    () => bootstrapApiServices(registry, strategies),
    () => bootstrapFlowControl(registry, clock),
    () => reconcileKubernetesService(options),
    async () => {
      if (clientCa !== undefined || frontProxy !== undefined) await publishTrust(options);
    },
  ]);
}
