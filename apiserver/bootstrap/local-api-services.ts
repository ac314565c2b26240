/** An APIService for each group-version that this server answers itself (upstream: `pkg/controlplane/apiserver/aggregator.go`). */
import type { APIService } from "../../shared/api/generated/apiregistration/v1.ts";
import { deepEqual } from "../../shared/machinery/deep-equal.ts";
import { apiServices } from "../../shared/resources/catalog.ts";
import type { Registry } from "../registry/registry.ts";
import type { AnyStrategy } from "../registry/strategy.ts";
import { ensureObject, runBounded } from "./ensure.ts";

/** Says that it is brought up to date at each start, and otherwise left alone. */
const labels = { "kube-aggregator.kubernetes.io/automanaged": "onstart" };

interface Priority {
  readonly group: number;
  readonly version: number;
}

/** What decides the order of groups and versions in discovery: the higher the earlier. */
const PRIORITIES: Readonly<Record<string, Priority>> = {
  "v1.": { group: 18_000, version: 1 },
  "v1.apps": { group: 17_800, version: 15 },
  "v1.events.k8s.io": { group: 17_750, version: 15 },
  "v1.authentication.k8s.io": { group: 17_700, version: 15 },
  "v1.authorization.k8s.io": { group: 17_600, version: 15 },
  "v1.autoscaling": { group: 17_500, version: 15 },
  "v2.autoscaling": { group: 17_500, version: 30 },
  "v1.batch": { group: 17_400, version: 15 },
  "v1.certificates.k8s.io": { group: 17_300, version: 15 },
  "v1.networking.k8s.io": { group: 17_200, version: 15 },
  "v1.policy": { group: 17_100, version: 15 },
  "v1.rbac.authorization.k8s.io": { group: 17_000, version: 15 },
  "v1.storage.k8s.io": { group: 16_800, version: 15 },
  "v1.admissionregistration.k8s.io": { group: 16_700, version: 15 },
  "v1.apiextensions.k8s.io": { group: 16_700, version: 15 },
  "v1.scheduling.k8s.io": { group: 16_600, version: 15 },
  "v1.coordination.k8s.io": { group: 16_500, version: 15 },
  "v1.node.k8s.io": { group: 16_300, version: 15 },
  "v1.discovery.k8s.io": { group: 16_200, version: 15 },
  "v1.resource.k8s.io": { group: 16_200, version: 20 },
  "v1.flowcontrol.apiserver.k8s.io": { group: 16_100, version: 21 },
};

/** The group of APIServices stands above them: it has none of its own. */
function localApiServices(strategies: readonly AnyStrategy[]): APIService[] {
  const versions = new Map(
    strategies.map(({ resource: { group, version } }) => [`${version}.${group}`, { group, version }]),
  );
  return [...versions].flatMap(([name, { group, version }]) => {
    const priority = PRIORITIES[name];
    if (priority === undefined) return [];
    const of = group === "" ? {} : { group };
    const spec = { ...of, version, groupPriorityMinimum: priority.group, versionPriority: priority.version };
    return [{ metadata: { name, labels }, spec }];
  });
}

export async function bootstrapApiServices(registry: Registry, strategies: readonly AnyStrategy[]): Promise<void> {
  await runBounded(
    localApiServices(strategies).map(
      (wanted) => () =>
        ensureObject(registry, apiServices, wanted, (present) => {
          const all = { ...present.metadata.labels, ...labels };
          if (deepEqual(present.spec, wanted.spec) && deepEqual(present.metadata.labels, all)) return undefined;
          return { ...present, metadata: { ...present.metadata, labels: all }, spec: wanted.spec };
        }),
    ),
  );
}
