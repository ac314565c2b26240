import { rulesOf } from "../../../test/support/kind-rules.ts";
import { tableOf } from "../../tables/table.ts";
import { horizontalPodAutoscalerStrategy } from "./horizontal-pod-autoscaler.ts";

type Fields = Record<string, unknown>;

const rules = rulesOf(horizontalPodAutoscalerStrategy);
const autoscaler = (spec: Fields = {}, more: Fields = {}): object => ({
  ...more,
  spec: { maxReplicas: 3, scaleTargetRef: { kind: "Deployment", name: "web" }, ...spec },
});
const measuring = (...metrics: Fields[]): object => autoscaler({ metrics });
const cpu = (target: Fields): Fields => ({ type: "Resource", resource: { name: "cpu", target } });
const UTILIZATION = { type: "Utilization", averageUtilization: 50 };
const AVERAGE = { type: "AverageValue", averageValue: "1" };
const container = (source: Fields): Fields => ({
  type: "ContainerResource",
  containerResource: { name: "cpu", container: "web", target: UTILIZATION, ...source },
});
const external = (target: Fields, metric: Fields = { name: "queue" }): Fields => ({
  type: "External",
  external: { metric, target },
});
const ofObject = (target: Fields, describedObject: Fields = { kind: "Ingress", name: "web" }): Fields => ({
  type: "Object",
  object: { describedObject, metric: { name: "hits" }, target },
});
const pods = (target: Fields): Fields => ({ type: "Pods", pods: { metric: { name: "hits" }, target } });
const behaving = (scaleUp: Fields): object => autoscaler({ behavior: { scaleUp } });
const policy = (more: Fields): object =>
  behaving({ policies: [{ type: "Pods", value: 1, periodSeconds: 1, ...more }] });
const M = "spec.metrics[0]";
const UP = "spec.behavior.scaleUp";

describe("an autoscaler", () => {
  it.each<[string, object]>([
    ["that measures nothing in particular", autoscaler()],
    ["of usage", measuring(cpu(UTILIZATION), container({ target: AVERAGE }))],
    ["of a container's device", measuring(container({ name: "example.com/gpu" }))],
    ["of queues", measuring(external({ type: "Value", value: "5" }), external(AVERAGE))],
    ["of objects", measuring(ofObject({ type: "Value", value: "5" }), pods(AVERAGE))],
    ["that behaves", behaving({ tolerance: "0.05", selectPolicy: "Disabled" })],
  ])("is good %s", (_, draft) => {
    expect(rules.creation(draft)).toEqual([]);
  });

  it.each<[string, object, string]>([
    [
      "no pods",
      autoscaler({ minReplicas: 0 }),
      "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1",
    ],
    ["none at most", autoscaler({ maxReplicas: 0 }), "spec.maxReplicas: Invalid value: 0: must be greater than 0"],
    [
      "more at least than at most",
      autoscaler({ minReplicas: 4 }),
      "spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`",
    ],
    ["nothing to scale", autoscaler({ scaleTargetRef: {} }), "spec.scaleTargetRef.kind: Required value"],
    [
      "a path to scale",
      autoscaler({ scaleTargetRef: { kind: "Deployment", name: "a/b" } }),
      "spec.scaleTargetRef.name: Invalid value: \"a/b\": may not contain '/'",
    ],
    [
      "no type of metric",
      measuring({ type: "", resource: { name: "cpu", target: UTILIZATION } }),
      `${M}.type: Required value: must specify a metric source type`,
    ],
    [
      "another type of metric",
      measuring({ type: "Mood" }),
      `${M}.type: Unsupported value: "Mood": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"`,
    ],
    [
      "a metric without its source",
      measuring({ type: "Pods" }),
      `${M}.pods: Required value: must populate information for the given metric source`,
    ],
    [
      "a metric with another source",
      measuring({ ...cpu(UTILIZATION), pods: { metric: { name: "a" }, target: AVERAGE } }),
      `${M}.pods: Forbidden: must populate the given metric source only`,
    ],
    [
      "a resource without a name",
      measuring({ type: "Resource", resource: { name: "", target: UTILIZATION } }),
      `${M}.resource.name: Required value: must specify a resource name`,
    ],
    [
      "usage without a target",
      measuring(cpu({ type: "Utilization" })),
      `${M}.resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization`,
    ],
    [
      "usage with two targets",
      measuring(cpu({ ...UTILIZATION, averageValue: "1" })),
      `${M}.resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization`,
    ],
    [
      "a target without a type",
      measuring(cpu({ ...UTILIZATION, type: "" })),
      `${M}.resource.target.type: Required value: must specify a metric target type`,
    ],
    [
      "a target of another type",
      measuring(cpu({ ...UTILIZATION, type: "Mean" })),
      `${M}.resource.target.type: Invalid value: "Mean": must be either Utilization, Value, or AverageValue`,
    ],
    [
      "no usage",
      measuring(cpu({ ...UTILIZATION, averageUtilization: 0 })),
      `${M}.resource.target.averageUtilization: Invalid value: 0: must be greater than 0`,
    ],
    [
      "a negative amount",
      measuring(cpu({ type: "AverageValue", averageValue: "-1" })),
      `${M}.resource.target.averageValue: Invalid value: "-1": must be positive`,
    ],
    [
      "no amount",
      measuring(external({ type: "Value", value: "0" })),
      `${M}.external.target.value: Invalid value: "0": must be positive`,
    ],
    [
      "a container without a name",
      measuring(container({ container: "" })),
      `${M}.containerResource.container: Required value: must specify a container`,
    ],
    [
      "a container with dots",
      measuring(container({ container: "a.b" })),
      `${M}.containerResource.container: Invalid value: "a.b": must not contain dots`,
    ],
    [
      "a container's nothing",
      measuring(container({ name: "" })),
      `${M}.containerResource.name: Required value: must specify a resource name`,
    ],
    [
      "a container's storage",
      measuring(container({ name: "storage" })),
      `${M}.containerResource.name: Invalid value: "storage": must be a standard resource for containers`,
    ],
    [
      "a container's invention",
      measuring(container({ name: "mood" })),
      `${M}.containerResource.name: Invalid value: "mood": must be a standard resource type or fully qualified`,
    ],
    [
      "an object without a target",
      measuring(ofObject({ type: "Value" })),
      `${M}.object.target.averageValue: Required value: must set either a target value or averageValue`,
    ],
    [
      "an object without a kind",
      measuring(ofObject({ type: "Value", value: "1" }, { name: "a" })),
      `${M}.object.describedObject.kind: Required value`,
    ],
    [
      "a queue without a target",
      measuring(external({ type: "Value" })),
      `${M}.external.target.averageValue: Required value: must set either a target value for metric or a per-pod target`,
    ],
    [
      "a queue with two targets",
      measuring(external({ ...AVERAGE, value: "1" })),
      `${M}.external.target.value: Forbidden: may not set both a target value for metric and a per-pod target`,
    ],
    [
      "a queue without a name",
      measuring(external(AVERAGE, { name: "" })),
      `${M}.external.metric.name: Required value: must specify a metric name`,
    ],
    [
      "a queue on a path",
      measuring(external(AVERAGE, { name: "a%b" })),
      `${M}.external.metric.name: Invalid value: "a%b": may not contain '%'`,
    ],
    [
      "pods without a target",
      measuring(pods({ type: "AverageValue" })),
      `${M}.pods.target.averageValue: Required value: must specify a positive target averageValue`,
    ],
    [
      "a window in the past",
      behaving({ stabilizationWindowSeconds: -1 }),
      `${UP}.stabilizationWindowSeconds: Invalid value: -1: must be greater than or equal to zero`,
    ],
    [
      "a long window",
      behaving({ stabilizationWindowSeconds: 3601 }),
      `${UP}.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600`,
    ],
    [
      "another choice",
      behaving({ selectPolicy: "Any" }),
      `${UP}.selectPolicy: Unsupported value: "Any": supported values: "Disabled", "Max", "Min"`,
    ],
    [
      "another policy",
      policy({ type: "Nodes" }),
      `${UP}.policies[0].type: Unsupported value: "Nodes": supported values: "Percent", "Pods"`,
    ],
    ["steps of none", policy({ value: 0 }), `${UP}.policies[0].value: Invalid value: 0: must be greater than zero`],
    [
      "steps at once",
      policy({ periodSeconds: 0 }),
      `${UP}.policies[0].periodSeconds: Invalid value: 0: must be greater than zero`,
    ],
    [
      "slow steps",
      policy({ periodSeconds: 1801 }),
      `${UP}.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800`,
    ],
    [
      "a negative tolerance",
      behaving({ tolerance: "-1" }),
      `${UP}.tolerance: Invalid value: "-1": must be greater than or equal to 0`,
    ],
  ])("does not take %s", (_, draft, problem) => {
    expect(rules.creation(draft)).toContain(problem);
  });

  it("goes to zero only when it could before, and something else wakes it", () => {
    const asleep = autoscaler({ minReplicas: 0, metrics: [external(AVERAGE)] });
    expect(rules.change(asleep, asleep)).toEqual([]);
    expect(rules.change(asleep, autoscaler({ minReplicas: 0, metrics: [cpu(UTILIZATION)] }))).toEqual([
      "spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas",
    ]);
  });

  it("fills in a target, and what behaviour leaves open", () => {
    expect(rules.created(behaving({ selectPolicy: "Min" }))).toMatchObject({
      spec: {
        minReplicas: 1,
        metrics: [cpu({ type: "Utilization", averageUtilization: 80 })],
        behavior: {
          scaleUp: {
            stabilizationWindowSeconds: 0,
            selectPolicy: "Min",
            policies: [
              { type: "Pods", value: 4, periodSeconds: 15 },
              { type: "Percent", value: 100, periodSeconds: 15 },
            ],
          },
          scaleDown: { selectPolicy: "Max", policies: [{ type: "Percent", value: 100, periodSeconds: 15 }] },
        },
      },
    });
    expect(rules.created(autoscaler())).not.toHaveProperty("spec.behavior");
  });

  it("counts from none in its status", () => {
    const counting = (status: Fields): object => autoscaler({}, { status: { desiredReplicas: 0, ...status } });
    expect(rules.change(counting({}), counting({ currentReplicas: -1, desiredReplicas: -2 }), "status")).toEqual([
      "status.currentReplicas: Invalid value: -1: must be greater than or equal to 0",
      "status.desiredReplicas: Invalid value: -2: must be greater than or equal to 0",
    ]);
  });
});

describe("the targets of an autoscaler", () => {
  const shown = (spec: Fields, status: Fields = {}): unknown => {
    const object = rules.read(autoscaler(spec, { status: { desiredReplicas: 0, ...status } }));
    const { columnDefinitions, rows } = tableOf(horizontalPodAutoscalerStrategy, [object], { nowMs: 0 });
    return rows[0]?.cells[columnDefinitions.findIndex(({ name }) => name === "Targets")];
  };
  const value = { type: "Value", value: "5" };

  it.each<[string, Fields[], Fields[], string]>([
    ["usage nobody knows", [cpu(UTILIZATION)], [], "cpu: <unknown>/50%"],
    [
      "usage",
      [cpu(UTILIZATION)],
      [cpu({}), { type: "Resource", resource: { name: "cpu", current: { averageUtilization: 7 } } }].slice(1),
      "cpu: 7%/50%",
    ],
    [
      "an amount",
      [container({ target: AVERAGE })],
      [
        {
          type: "ContainerResource",
          containerResource: { name: "cpu", container: "web", current: { averageValue: "20m" } },
        },
      ],
      "cpu: 20m/1",
    ],
    [
      "a queue",
      [external(value)],
      [{ type: "External", external: { metric: { name: "queue" }, current: { value: "3" } } }],
      "3/5",
    ],
    ["a queue a pod", [external(AVERAGE)], [], "<unknown>/1 (avg)"],
    ["pods", [pods(AVERAGE)], [], "<unknown>/1"],
    ["objects", [ofObject(value), ofObject(AVERAGE)], [], "<unknown>/5, <unknown>/1 (avg)"],
    [
      "many",
      [cpu(UTILIZATION), pods(AVERAGE), pods(AVERAGE), pods(AVERAGE)],
      [],
      "cpu: <unknown>/50%, <unknown>/1 + 2 more...",
    ],
  ])("show %s", (_, metrics, currentMetrics, text) => {
    expect(shown({ metrics }, { currentMetrics })).toBe(text);
  });
});
