/**
 * The priority levels and flow schemas that every server has (upstream: `apiserver/pkg/apis/flowcontrol/bootstrap` and
 * `pkg/registry/flowcontrol/ensurer`). The mandatory ones are as they must be; a suggested one is brought up to date
 * unless somebody has made it his own.
 */
import type {
  FlowSchema,
  FlowSchemaCondition,
  PriorityLevelConfiguration,
} from "../../shared/api/generated/flowcontrol/v1.ts";
import { deepEqual } from "../../shared/machinery/deep-equal.ts";
import { type Clock, rfc3339 } from "../../shared/process/clock.ts";
import { flowSchemas, priorityLevelConfigurations } from "../../shared/resources/catalog.ts";
import type { KubeObject, Resource } from "../../shared/resources/resource.ts";
import type { Registry } from "../registry/registry.ts";
import {
  AUTOUPDATE_ANNOTATION,
  EVERYBODY,
  everythingOf,
  flowSchema,
  groupSubjects,
  mandatoryFlowSchemas,
  mandatoryPriorityLevels,
  priorityLevel,
} from "../resources/flowcontrol/mandatory.ts";
import { ensureObject, runBounded } from "./ensure.ts";

const KUBE_SYSTEM_ACCOUNTS = [{ kind: "ServiceAccount", serviceAccount: { name: "*", namespace: "kube-system" } }];
const CONTROLLER_MANAGER = { kind: "User", user: { name: "system:kube-controller-manager" } };
const SCHEDULER = { kind: "User", user: { name: "system:kube-scheduler" } };
const LEASES = { apiGroups: ["coordination.k8s.io"], resources: ["leases"], namespaces: ["*"] };

function limited(
  name: string,
  shares: number,
  lendablePercent: number,
  queues: number,
  handSize: number,
): PriorityLevelConfiguration {
  const queuing = { queues, handSize, queueLengthLimit: 50 };
  const limitResponse = { type: "Queue", queuing };
  return priorityLevel(name, {
    type: "Limited",
    limited: { nominalConcurrencyShares: shares, lendablePercent, limitResponse },
  });
}

const suggestedPriorityLevels: readonly PriorityLevelConfiguration[] = [
  limited("system", 30, 33, 64, 6),
  limited("node-high", 40, 25, 64, 6),
  limited("leader-election", 10, 0, 16, 4),
  limited("workload-high", 40, 50, 128, 6),
  limited("workload-low", 100, 90, 128, 6),
  limited("global-default", 20, 50, 128, 6),
];

const suggestedFlowSchemas: readonly FlowSchema[] = [
  flowSchema("probes", "exempt", 2, undefined, {
    subjects: groupSubjects(...EVERYBODY),
    nonResourceRules: [{ verbs: ["get"], nonResourceURLs: ["/healthz", "/readyz", "/livez"] }],
  }),
  flowSchema("system-leader-election", "leader-election", 100, "ByUser", {
    subjects: [CONTROLLER_MANAGER, SCHEDULER, ...KUBE_SYSTEM_ACCOUNTS],
    resourceRules: [{ verbs: ["get", "create", "update"], ...LEASES }],
  }),
  flowSchema("system-node-high", "node-high", 400, "ByUser", {
    subjects: groupSubjects("system:nodes"),
    resourceRules: [
      { verbs: ["*"], apiGroups: [""], resources: ["nodes", "nodes/status"], clusterScope: true, namespaces: ["*"] },
      { verbs: ["*"], ...LEASES },
    ],
  }),
  flowSchema("system-nodes", "system", 500, "ByUser", everythingOf(groupSubjects("system:nodes"))),
  flowSchema("kube-controller-manager", "workload-high", 800, "ByNamespace", everythingOf([CONTROLLER_MANAGER])),
  flowSchema("kube-scheduler", "workload-high", 800, "ByNamespace", everythingOf([SCHEDULER])),
  flowSchema("kube-system-service-accounts", "workload-high", 900, "ByNamespace", everythingOf(KUBE_SYSTEM_ACCOUNTS)),
  flowSchema("service-accounts", "workload-low", 9000, "ByUser", everythingOf(groupSubjects("system:serviceaccounts"))),
  flowSchema("global-default", "global-default", 9900, "ByUser", everythingOf(groupSubjects(...EVERYBODY))),
];

interface WithSpec extends KubeObject {
  spec: unknown;
}

/** Whether a suggested object still is the server's: it says so, or nobody has changed it since it was made. */
function isOurs({ metadata }: KubeObject): boolean {
  const answer = metadata.annotations?.[AUTOUPDATE_ANNOTATION];
  return answer === "true" || (answer !== "false" && metadata.generation === 1);
}

function ensureSpec<T extends WithSpec>(
  registry: Registry,
  resource: Resource<T>,
  wanted: T,
  isMandatory: boolean,
): Promise<void> {
  return ensureObject(registry, resource, wanted, (present) => {
    if (deepEqual(present.spec, wanted.spec) || !(isMandatory || isOurs(present))) return undefined;
    const generation = (present.metadata.generation ?? 0) + 1;
    return { ...present, metadata: { ...present.metadata, generation }, spec: wanted.spec };
  });
}

/** Says of a schema that its priority level is there. */
function foundCondition(level: string, now: string): FlowSchemaCondition {
  return {
    type: "Dangling",
    status: "False",
    lastTransitionTime: now,
    reason: "Found",
    message: `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)} and it exists`,
  };
}

function ensureCondition(registry: Registry, schema: FlowSchema, now: string): Promise<void> {
  return ensureObject(registry, flowSchemas, schema, (present) => {
    const conditions = present.status?.conditions ?? [];
    if (conditions.some(({ type }) => type === "Dangling")) return undefined;
    const found = foundCondition(present.spec.priorityLevelConfiguration.name, now);
    return { ...present, status: { ...present.status, conditions: [...conditions, found] } };
  });
}

/** Levels come first: schemas name them. */
export async function bootstrapFlowControl(registry: Registry, clock: Clock): Promise<void> {
  const now = rfc3339(clock.nowMs());
  const levels = [
    ...mandatoryPriorityLevels.map((level) => ({ level, isMandatory: true })),
    ...suggestedPriorityLevels.map((level) => ({ level, isMandatory: false })),
  ];
  const schemas = [
    ...mandatoryFlowSchemas.map((schema) => ({ schema, isMandatory: true })),
    ...suggestedFlowSchemas.map((schema) => ({ schema, isMandatory: false })),
  ];
  await runBounded(
    levels.map(
      ({ level, isMandatory }) =>
        () =>
          ensureSpec(registry, priorityLevelConfigurations, level, isMandatory),
    ),
  );
  await runBounded(
    schemas.map(({ schema, isMandatory }) => async () => {
      await ensureSpec(registry, flowSchemas, schema, isMandatory);
      await ensureCondition(registry, schema, now);
    }),
  );
}
