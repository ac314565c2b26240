import type { AnyStrategy } from "../../registry/strategy.ts";
import { rulesOf } from "../../../test/support/kind-rules.ts";
import { controllerRevisionStrategy } from "./controller-revision.ts";
import { daemonSetStrategy } from "./daemon-set.ts";
import { deploymentStrategy } from "./deployment.ts";
import { replicaSetStrategy } from "./replica-set.ts";
import { statefulSetStrategy } from "./stateful-set.ts";

type Fields = Record<string, unknown>;

const LABELS = { app: "web" };
const container = { name: "web", image: "web:1" };
const template = (spec: Fields = {}, labels: object = LABELS): object => ({
  metadata: { labels },
  spec: { containers: [container], ...spec },
});
const workload = (spec: Fields = {}, more: Fields = {}): object => ({
  ...more,
  spec: { selector: { matchLabels: LABELS }, template: template(), ...spec },
});
const named = (name: string): Fields => ({ metadata: { name, namespace: "default" } });

const kinds: [string, AnyStrategy][] = [
  ["deployment", deploymentStrategy],
  ["replica set", replicaSetStrategy],
  ["stateful set", statefulSetStrategy],
  ["daemon set", daemonSetStrategy],
];

const MISMATCH = "`selector` does not match template `labels`";
const labelMismatch = `spec.template.metadata.labels: Invalid value: {"app":"web"}: ${MISMATCH}`;

describe.each(kinds)("a %s", (_, strategy) => {
  const rules = rulesOf(strategy);

  it("is good with a selector and a template", () => {
    expect(rules.creation(workload())).toEqual([]);
    expect(rules.change(workload(), workload())).toEqual([]);
  });

  it.each<[string, object, string]>([
    ["that looks for other pods", workload({ selector: { matchLabels: { app: "x" } } }), labelMismatch],
    ["without a selector", workload({ selector: undefined }), labelMismatch],
    [
      "whose pods end",
      workload({ template: template({ restartPolicy: "Never" }) }),
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    ],
    [
      "with a wrong pod",
      workload({ template: template({ containers: [] }) }),
      "spec.template.spec.containers: Required value",
    ],
    [
      "with a bad label of its pods",
      workload({ template: template({}, { app: "web", x: "-" }) }),
      expect.stringMatching(/^spec.template.labels: Invalid value: "-": a valid label must be/u) as unknown as string,
    ],
    [
      "that is ready in no time",
      workload({ minReadySeconds: -1 }),
      "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0",
    ],
    [
      "with an operator of its own",
      workload({ selector: { matchExpressions: [{ key: "app", operator: "Like" }] } }),
      'spec.selector.matchExpressions[0].operator: Invalid value: "Like": not a valid selector operator',
    ],
  ])("is refused %s", (_case, draft, problem) => {
    expect(rules.creation(draft)).toContainEqual(problem);
    expect(rules.change(workload(), draft)).toContainEqual(problem);
  });

  it("keeps status and spec apart", () => {
    const withStatus = (observedGeneration: number, replicas: Fields): object => ({
      ...workload(replicas),
      status: { observedGeneration },
    });
    const plain = rules.changed(withStatus(1, { minReadySeconds: 1 }), withStatus(2, { minReadySeconds: 2 }));
    expect(plain).toMatchObject({ spec: { minReadySeconds: 2 }, status: { observedGeneration: 1 } });
    const status = rules.changed(
      withStatus(1, { minReadySeconds: 1 }),
      withStatus(2, { minReadySeconds: 2 }),
      "status",
    );
    expect(status).toMatchObject({ spec: { minReadySeconds: 1 }, status: { observedGeneration: 2 } });
  });

  it("warns of a template once a generation", () => {
    const odd = workload({ template: template({ nodeSelector: { "beta.kubernetes.io/os": "linux" } }) });
    const [text] = rules.warnings(odd);
    expect(text).toMatch(/^spec.template.spec.nodeSelector\[beta.kubernetes.io\/os\]: deprecated/u);
    expect(rules.warnings(odd, odd)).toEqual([]);
  });
});

describe.each(kinds.slice(0, 2))("a %s called by a long name", (_, strategy) => {
  it("is warned about at creation", () => {
    const rules = rulesOf(strategy);
    const text =
      "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]";
    expect(rules.warnings(workload({}, named("a.b")))).toEqual([text]);
    expect(rules.warnings(workload({}, named("a.b")), workload({}, named("a.b")))).toEqual([]);
  });
});

interface Rule {
  readonly of: AnyStrategy;
  readonly when: string;
  readonly spec: Fields;
  readonly problem: string;
}

const NEGATIVE = "must be greater than or equal to 0";
const PERCENT =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
const rolling = (rollingUpdate: object): Fields => ({ strategy: { type: "RollingUpdate", rollingUpdate } });
const daemonRolling = (rollingUpdate: object): Fields => ({ updateStrategy: { type: "RollingUpdate", rollingUpdate } });
const EMPTY = { selector: {}, template: template() };

const creationRules: Rule[] = [
  {
    of: deploymentStrategy,
    when: "its selector is empty",
    spec: EMPTY,
    problem: "spec.selector: Invalid value: {}: empty selector is invalid for deployment",
  },
  {
    of: deploymentStrategy,
    when: "its selector is missing",
    spec: { selector: undefined },
    problem: "spec.selector: Required value",
  },
  {
    of: deploymentStrategy,
    when: "its selector cannot be read",
    spec: { selector: { matchExpressions: [{ key: "a", operator: "In" }] } },
    problem: 'spec.selector: Invalid value: {"matchExpressions":[{"key":"a","operator":"In"}]}: invalid label selector',
  },
  {
    of: deploymentStrategy,
    when: "its pods have a deadline",
    spec: { template: template({ activeDeadlineSeconds: 5 }) },
    problem:
      "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported",
  },
  {
    of: deploymentStrategy,
    when: "it wants fewer than none",
    spec: { replicas: -1 },
    problem: `spec.replicas: Invalid value: -1: ${NEGATIVE}`,
  },
  {
    of: deploymentStrategy,
    when: "it remembers fewer than none",
    spec: { revisionHistoryLimit: -1 },
    problem: `spec.revisionHistoryLimit: Invalid value: -1: ${NEGATIVE}`,
  },
  {
    of: deploymentStrategy,
    when: "it is late before it begins",
    spec: { progressDeadlineSeconds: -1 },
    problem: `spec.progressDeadlineSeconds: Invalid value: -1: ${NEGATIVE}`,
  },
  {
    of: deploymentStrategy,
    when: "it is late before it can be ready",
    spec: { progressDeadlineSeconds: 5, minReadySeconds: 5 },
    problem: "spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds",
  },
  {
    of: deploymentStrategy,
    when: "its strategy is unknown",
    spec: { strategy: { type: "Magic" } },
    problem: 'spec.strategy: Unsupported value: {"type":"Magic"}: supported values: "Recreate", "RollingUpdate"',
  },
  {
    of: deploymentStrategy,
    when: "it recreates and rolls",
    spec: { strategy: { type: "Recreate", rollingUpdate: { maxSurge: 1 } } },
    problem: "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
  },
  {
    of: deploymentStrategy,
    when: "it can neither add nor remove a pod",
    spec: rolling({ maxUnavailable: 0, maxSurge: "0%" }),
    problem: "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
  },
  {
    of: deploymentStrategy,
    when: "more than all may be away",
    spec: rolling({ maxUnavailable: "101%" }),
    problem: 'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
  },
  {
    of: deploymentStrategy,
    when: "a share is no percentage",
    spec: rolling({ maxSurge: "many" }),
    problem: `spec.strategy.rollingUpdate.maxSurge: Invalid value: "many": ${PERCENT}`,
  },
  {
    of: deploymentStrategy,
    when: "a share is negative",
    spec: rolling({ maxUnavailable: -2 }),
    problem: `spec.strategy.rollingUpdate.maxUnavailable: Invalid value: -2: ${NEGATIVE}`,
  },
  {
    of: replicaSetStrategy,
    when: "its selector is empty",
    spec: EMPTY,
    problem: "spec.selector: Invalid value: {}: empty selector is invalid for deployment",
  },
  {
    of: replicaSetStrategy,
    when: "it wants fewer than none",
    spec: { replicas: -1 },
    problem: `spec.replicas: Invalid value: -1: ${NEGATIVE}`,
  },
  {
    of: daemonSetStrategy,
    when: "its selector is empty",
    spec: EMPTY,
    problem: "spec.selector: Invalid value: {}: empty selector is invalid for daemonset",
  },
  {
    of: daemonSetStrategy,
    when: "its pods have a deadline",
    spec: { template: template({ activeDeadlineSeconds: 5 }) },
    problem: "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet is not Supported",
  },
  {
    of: daemonSetStrategy,
    when: "its strategy is unknown",
    spec: { updateStrategy: { type: "Magic" } },
    problem: 'spec.updateStrategy: Unsupported value: {"type":"Magic"}: supported values: "RollingUpdate", "OnDelete"',
  },
  {
    of: daemonSetStrategy,
    when: "it adds and removes",
    spec: daemonRolling({ maxUnavailable: 1, maxSurge: 1 }),
    problem:
      "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero",
  },
  {
    of: daemonSetStrategy,
    when: "it neither adds nor removes",
    spec: daemonRolling({ maxUnavailable: 0 }),
    problem: "spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0",
  },
  {
    of: daemonSetStrategy,
    when: "more than all are added",
    spec: daemonRolling({ maxUnavailable: 0, maxSurge: "150%" }),
    problem: 'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: "150%": must not be greater than 100%',
  },
  {
    of: daemonSetStrategy,
    when: "it remembers fewer than none",
    spec: { revisionHistoryLimit: -1 },
    problem: `spec.revisionHistoryLimit: Invalid value: -1: ${NEGATIVE}`,
  },
  {
    of: statefulSetStrategy,
    when: "its selector is missing",
    spec: { selector: undefined },
    problem: "spec.selector: Required value",
  },
  {
    of: statefulSetStrategy,
    when: "its selector is empty",
    spec: EMPTY,
    problem: "spec.selector: Invalid value: {}: empty selector is invalid for statefulset",
  },
  {
    of: statefulSetStrategy,
    when: "its order is unknown",
    spec: { podManagementPolicy: "Random" },
    problem: "spec.podManagementPolicy: Invalid value: \"Random\": must be 'OrderedReady' or 'Parallel'",
  },
  {
    of: statefulSetStrategy,
    when: "its strategy is unknown",
    spec: { updateStrategy: { type: "Magic" } },
    problem: "spec.updateStrategy: Invalid value: {\"type\":\"Magic\"}: must be 'RollingUpdate' or 'OnDelete'",
  },
  {
    of: statefulSetStrategy,
    when: "it rolls on delete",
    spec: { updateStrategy: { type: "OnDelete", rollingUpdate: { partition: 1 } } },
    problem:
      "spec.updateStrategy.rollingUpdate: Invalid value: {\"partition\":1}: only allowed for updateStrategy 'RollingUpdate'",
  },
  {
    of: statefulSetStrategy,
    when: "its partition is negative",
    spec: daemonRolling({ partition: -1 }),
    problem: `spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: ${NEGATIVE}`,
  },
  {
    of: statefulSetStrategy,
    when: "claims of deleted pods do something else",
    spec: { persistentVolumeClaimRetentionPolicy: { whenDeleted: "Burn" } },
    problem:
      'spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Burn": supported values: "Retain", "Delete"',
  },
  {
    of: statefulSetStrategy,
    when: "its first pod has a negative number",
    spec: { ordinals: { start: -1 } },
    problem: `spec.ordinals.start: Invalid value: -1: ${NEGATIVE}`,
  },
  {
    of: statefulSetStrategy,
    when: "its service has no name for a host",
    spec: { serviceName: "a.b" },
    problem: 'spec.serviceName: Invalid value: "a.b": must not contain dots',
  },
  {
    of: statefulSetStrategy,
    when: "a claim asks for nothing",
    spec: { volumeClaimTemplates: [{ metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"] } }] },
    problem: "spec.volumeClaimTemplates[0].spec.resources[storage]: Required value",
  },
  {
    of: statefulSetStrategy,
    when: "its pods have a deadline",
    spec: { template: template({ activeDeadlineSeconds: 5 }) },
    problem:
      "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in StatefulSet is not Supported",
  },
];

describe("a workload", () => {
  it.each(creationRules.map((rule) => [`${rule.of.resource.kind} when ${rule.when}`, rule] as const))(
    "refuses a %s",
    (_, { of, spec, problem }) => {
      expect(rulesOf(of).creation(workload(spec))).toContain(problem);
    },
  );

  it.each(kinds.filter(([kind]) => kind !== "stateful set"))("(%s) keeps its selector", (_, strategy) => {
    const other = workload({
      selector: { matchLabels: { tier: "a" } },
      template: template({}, { ...LABELS, tier: "a" }),
    });
    expect(rulesOf(strategy).change(workload(), other)).toEqual([
      'spec.selector: Invalid value: {"matchLabels":{"tier":"a"}}: field is immutable',
    ]);
  });
});

const counted = (status: Fields): object => ({ ...workload(), status: { replicas: 0, ...status } });

const statusRules: [AnyStrategy, Fields, string][] = [
  [
    deploymentStrategy,
    { readyReplicas: 1 },
    "status.readyReplicas: Invalid value: 1: cannot be greater than status.replicas",
  ],
  [
    deploymentStrategy,
    { replicas: 2, availableReplicas: 2, readyReplicas: 1 },
    "status.availableReplicas: Invalid value: 2: cannot be greater than readyReplicas",
  ],
  [deploymentStrategy, { unavailableReplicas: -1 }, `status.unavailableReplicas: Invalid value: -1: ${NEGATIVE}`],
  [deploymentStrategy, { terminatingReplicas: -1 }, `status.terminatingReplicas: Invalid value: -1: ${NEGATIVE}`],
  [deploymentStrategy, { collisionCount: 1 }, "status.collisionCount: Invalid value: 1: cannot be decremented"],
  [
    replicaSetStrategy,
    { fullyLabeledReplicas: 1 },
    "status.fullyLabeledReplicas: Invalid value: 1: cannot be greater than status.replicas",
  ],
  [replicaSetStrategy, { replicas: -1 }, `status.replicas: Invalid value: -1: ${NEGATIVE}`],
  [
    statefulSetStrategy,
    { updatedReplicas: 3, replicas: 2 },
    "status.updatedReplicas: Invalid value: 3: cannot be greater than status.replicas",
  ],
  [
    statefulSetStrategy,
    { replicas: 1, availableReplicas: 1 },
    "status.availableReplicas: Invalid value: 1: cannot be greater than status.readyReplicas",
  ],
  [statefulSetStrategy, {}, "status.collisionCount: Invalid value: 0: cannot be decremented"],
];

describe("the status of a workload", () => {
  it.each(
    statusRules.map(([strategy, status, problem]) => [strategy.resource.kind, status, problem, strategy] as const),
  )("of a %s does not take %j", (_, status, problem, strategy) => {
    const before = strategy === replicaSetStrategy ? counted({}) : counted({ collisionCount: 2 });
    expect(rulesOf(strategy).change(before, counted(status), "status")).toContain(problem);
  });

  it("of a daemon set counts from none", () => {
    const daemonSet = (status: Fields): object => ({
      ...workload(),
      status: {
        currentNumberScheduled: 0,
        desiredNumberScheduled: 0,
        numberMisscheduled: 0,
        numberReady: 0,
        ...status,
      },
    });
    const rules = rulesOf(daemonSetStrategy);
    const names = [
      "desiredNumberScheduled",
      "numberReady",
      "numberAvailable",
      "numberUnavailable",
      "observedGeneration",
    ];
    for (const name of names) {
      const problem = `status.${name}: Invalid value: -1: ${NEGATIVE}`;
      expect(rules.change(daemonSet({}), daemonSet({ [name]: -1 }), "status")).toEqual([problem]);
    }
    expect(rules.change(daemonSet({ collisionCount: 2 }), daemonSet({ collisionCount: 1 }), "status")).toEqual([
      "status.collisionCount: Invalid value: 1: cannot be decremented",
    ]);
  });
});

describe("a deployment", () => {
  it("has a new generation with its annotations", () => {
    const rules = rulesOf(deploymentStrategy);
    const noted = (annotations: Fields): object =>
      workload({}, { metadata: { name: "x", namespace: "default", generation: 3, annotations } });
    expect(rules.changed(noted({ a: "1" }), noted({ a: "2" })).metadata.generation).toBe(4);
    expect(rules.changed(noted({ a: "1" }), noted({ a: "1" })).metadata.generation).toBe(3);
  });
});

describe("a daemon set", () => {
  const rules = rulesOf(daemonSetStrategy);
  const KEY = "deprecated.daemonset.template.generation";
  const generationOf = (object: { metadata: { annotations?: Record<string, string> | undefined } }): unknown =>
    object.metadata.annotations?.[KEY];

  it("counts the changes of its template", () => {
    const first = rules.created(workload());
    expect(generationOf(first)).toBe("1");
    const same = rules.changed(first, workload({ minReadySeconds: 3 }));
    expect(generationOf(same)).toBe("1");
    const other = rules.changed(first, workload({ template: template({ hostNetwork: true }) }));
    expect(generationOf(other)).toBe("2");
  });
});

describe("a stateful set", () => {
  const rules = rulesOf(statefulSetStrategy);
  const claim = (name: string): Fields => ({
    metadata: { name },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  });

  it("mounts what it claims", () => {
    const mounting = { ...container, volumeMounts: [{ name: "data", mountPath: "/data" }] };
    const spec = { template: template({ containers: [mounting], hostname: "a.b" }) };
    expect(rules.creation(workload({ ...spec, volumeClaimTemplates: [claim("data")] }))).toEqual([]);
    expect(rules.creation(workload(spec))).toContain(
      'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"',
    );
  });

  it("changes little", () => {
    const next = workload({ replicas: 3, revisionHistoryLimit: 3, ordinals: { start: 1 }, minReadySeconds: 2 });
    expect(rules.change(workload(), next)).toEqual([]);
    expect(rules.change(workload(), workload({ serviceName: "other" }))).toEqual([
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ]);
  });

  it("keeps a template that was wrong before", () => {
    const wrong = { template: template({ containers: [] }) };
    expect(rules.change(workload(wrong), workload({ ...wrong, replicas: 2 }))).toEqual([]);
  });

  it("does not take how many may be away, unless it had it", () => {
    const both = (maxUnavailable?: number): object => workload(daemonRolling({ partition: 0, maxUnavailable }));
    expect(rules.created(both(2))).not.toHaveProperty("spec.updateStrategy.rollingUpdate.maxUnavailable");
    expect(rules.changed(both(), both(2))).not.toHaveProperty("spec.updateStrategy.rollingUpdate.maxUnavailable");
    expect(rules.changed(both(1), both(2))).toHaveProperty("spec.updateStrategy.rollingUpdate.maxUnavailable", 2);
    expect(rules.change(both(1), both(0))).toContain(
      "spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0",
    );
  });

  it("is called by a DNS label", () => {
    statefulSetStrategy.use((typed) => expect(typed.validateName?.("a.b")).toEqual(["must not contain dots"]));
  });
});

describe("a controller revision", () => {
  const rules = rulesOf(controllerRevisionStrategy);
  it.each<[object, string[]]>([
    [{ revision: 1, data: { a: 1 } }, []],
    [{ revision: -1, data: {} }, [`revision: Invalid value: -1: ${NEGATIVE}`]],
    [{ revision: 1 }, ["data: Required value: data is mandatory"]],
    [{ revision: 1, data: [1] }, ["data: Required value: data must be a valid JSON object"]],
  ])("%j", (draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
  });

  it("keeps its data", () => {
    expect(rules.change({ revision: 1, data: { a: 1 } }, { revision: 2, data: { a: 2 } })).toEqual([
      'data: Invalid value: {"a":2}: field is immutable',
    ]);
  });
});
