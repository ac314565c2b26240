/** The ConfigMap `kube-root-ca.crt` in every namespace (upstream: `pkg/controller/certificates/rootcacertpublisher`). */
import type { Namespace } from "../../../shared/api/generated/core/v1.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { configMaps, namespaces } from "../../../shared/resources/catalog.ts";
import { defineController } from "../../runtime/define-controller.ts";
import type { Plan } from "../../runtime/plan.ts";
import type { World } from "../../runtime/resource-map.ts";
import type { RunnableController } from "../../runtime/services.ts";

export const ROOT_CA_CONFIG_MAP = "kube-root-ca.crt";
const DESCRIPTION = "kubernetes.io/description";
const DESCRIPTION_TEXT =
  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. " +
  "No other usage is guaranteed across distributions of Kubernetes clusters.";

type ConfigMaps = { readonly configMaps: typeof configMaps };

export function planRootCa(
  rootCa: string,
  namespace: Namespace,
  world: World<Namespace, ConfigMaps>,
): Plan<Namespace, ConfigMaps> {
  const { name } = namespace.metadata;
  if (namespace.status?.phase === "Terminating" || namespace.metadata.deletionTimestamp !== undefined)
    return { actions: [] };
  const annotations = { [DESCRIPTION]: DESCRIPTION_TEXT };
  const data = { "ca.crt": rootCa };
  const present = world.configMaps.get(name, ROOT_CA_CONFIG_MAP);
  if (present === undefined) {
    const object = { metadata: { name: ROOT_CA_CONFIG_MAP, namespace: name, annotations }, data };
    return { actions: [{ verb: "create", resource: "configMaps", object }] };
  }
  const isDescribed = present.metadata.annotations?.[DESCRIPTION] !== undefined;
  if (deepEqual(present.data, data) && isDescribed) return { actions: [] };
  const metadata = { ...present.metadata, annotations: { ...present.metadata.annotations, ...annotations } };
  return { actions: [{ verb: "update", resource: "configMaps", object: { ...present, metadata, data } }] };
}

/** `rootCa` is PEM. */
export function rootCaPublisher(rootCa: string): RunnableController {
  return defineController({
    name: "root-ca-cert-publisher",
    queueName: "root_ca_cert_publisher",
    reconciles: namespaces,
    reads: { configMaps },
    writes: { configMaps },
    triggers: [
      {
        on: "configMaps",
        keys: ({ metadata }) => (metadata.name === ROOT_CA_CONFIG_MAP ? [metadata.namespace ?? ""] : []),
      },
    ],
    writesStatus: false,
    reconcile: (namespace, world) => planRootCa(rootCa, namespace, world),
  });
}
