import type { HorizontalPodAutoscaler as AutoscalerV1 } from "../../../shared/api/generated/autoscaling/v1.ts";
import type { HorizontalPodAutoscaler } from "../../../shared/api/generated/autoscaling/v2.ts";
import { ask } from "../../../test/support/api-request.ts";
import { startTestApiServer, type TestApiServer } from "../../../test/support/api-server.ts";
import { rulesOf } from "../../../test/support/kind-rules.ts";
import { horizontalPodAutoscalerV1Strategy } from "./horizontal-pod-autoscaler-v1.ts";
import { fromStoredAutoscaler, toStoredAutoscaler } from "./stored-autoscaler.ts";

const ALPHA = "autoscaling.alpha.kubernetes.io";
const selector = { matchLabels: { a: "b" } };
const described = { apiVersion: "v1", kind: "Service", name: "s" };

const FULL: HorizontalPodAutoscaler = {
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "x", namespace: "default", annotations: { mine: "1" } },
  spec: {
    minReplicas: 1,
    maxReplicas: 3,
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
    metrics: [
      { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 60 } } },
      { type: "Resource", resource: { name: "memory", target: { type: "AverageValue", averageValue: "1Gi" } } },
      {
        type: "ContainerResource",
        containerResource: { name: "cpu", container: "c", target: { type: "Utilization", averageUtilization: 5 } },
      },
      { type: "Pods", pods: { metric: { name: "p", selector }, target: { type: "AverageValue", averageValue: "5" } } },
      {
        type: "Object",
        object: { describedObject: described, metric: { name: "o" }, target: { type: "Value", value: "7" } },
      },
      {
        type: "Object",
        object: {
          describedObject: described,
          metric: { name: "o" },
          target: { type: "AverageValue", averageValue: "7" },
        },
      },
      { type: "External", external: { metric: { name: "e", selector }, target: { type: "Value", value: "9" } } },
      { type: "External", external: { metric: { name: "e" }, target: { type: "AverageValue", averageValue: "9" } } },
    ],
    behavior: {
      scaleUp: {
        stabilizationWindowSeconds: 0,
        selectPolicy: "Max",
        policies: [{ type: "Pods", value: 4, periodSeconds: 15 }],
      },
      scaleDown: {
        selectPolicy: "Min",
        tolerance: "0.1",
        policies: [{ type: "Percent", value: 100, periodSeconds: 15 }],
      },
    },
  },
  status: {
    currentReplicas: 2,
    desiredReplicas: 3,
    lastScaleTime: "2026-01-01T00:00:00Z",
    conditions: [
      { type: "AbleToScale", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z", reason: "R", message: "m" },
    ],
    currentMetrics: [
      { type: "Resource", resource: { name: "cpu", current: { averageUtilization: 55, averageValue: "120m" } } },
      { type: "Pods", pods: { metric: { name: "p", selector }, current: { averageValue: "5" } } },
      { type: "External", external: { metric: { name: "e" }, current: { value: "9" } } },
    ],
  },
};

describe("the older version of an autoscaler", () => {
  it("shows what it has fields for, and carries the rest in annotations", () => {
    const view = fromStoredAutoscaler(FULL);
    expect(view).toMatchObject({
      apiVersion: "autoscaling/v1",
      spec: { minReplicas: 1, maxReplicas: 3, targetCPUUtilizationPercentage: 60 },
      status: { currentReplicas: 2, desiredReplicas: 3, currentCPUUtilizationPercentage: 55 },
    });
    const annotations = view.metadata.annotations ?? {};
    expect(Object.keys(annotations).sort()).toEqual([
      `${ALPHA}/behavior`,
      `${ALPHA}/conditions`,
      `${ALPHA}/current-metrics`,
      `${ALPHA}/metrics`,
      "mine",
    ]);
    expect(JSON.parse(annotations[`${ALPHA}/metrics`] ?? "")).toContainEqual({
      type: "Object",
      object: { target: described, metricName: "o", targetValue: "7" },
    });
    expect(JSON.parse(annotations[`${ALPHA}/current-metrics`] ?? "")).toContainEqual({
      type: "Resource",
      resource: { name: "cpu", currentAverageUtilization: 55, currentAverageValue: "120m" },
    });
    expect(JSON.parse(annotations[`${ALPHA}/behavior`] ?? "")).toMatchObject({
      ScaleUp: {
        StabilizationWindowSeconds: 0,
        SelectPolicy: "Max",
        Policies: [{ Type: "Pods", Value: 4, PeriodSeconds: 15 }],
      },
    });
  });

  it("loses nothing on the way and back", () => {
    expect(toStoredAutoscaler(fromStoredAutoscaler(FULL))).toEqual(FULL);
    const bare: AutoscalerV1 = {
      apiVersion: "autoscaling/v1",
      kind: "HorizontalPodAutoscaler",
      metadata: { name: "x" },
      spec: { maxReplicas: 3, scaleTargetRef: described, targetCPUUtilizationPercentage: 40 },
    };
    expect(fromStoredAutoscaler(toStoredAutoscaler(bare))).toEqual(bare);
  });

  it("wants most of the CPU when it says nothing", () => {
    const bare = { metadata: { name: "x" }, spec: { maxReplicas: 3, scaleTargetRef: described } };
    expect(toStoredAutoscaler(bare).spec.metrics).toEqual([
      { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } },
    ]);
  });

  it.each([
    "{",
    "7",
    '"text"',
    "[null]",
    "[1]",
    '[{"type":5}]',
    '[{"resource":{"targetAverageValue":"x"}}]',
    '{"ScaleUp":[]}',
  ])("passes over annotations that carry %j", (text) => {
    const annotations = Object.fromEntries(
      ["metrics", "current-metrics", "conditions", "behavior"].map((name) => [`${ALPHA}/${name}`, text]),
    );
    const odd = {
      metadata: { name: "x", annotations },
      spec: { maxReplicas: 3, scaleTargetRef: described, targetCPUUtilizationPercentage: 40 },
      status: { currentReplicas: 0, desiredReplicas: 0 },
    };
    const { spec, status, metadata } = toStoredAutoscaler(odd);
    expect(metadata.annotations).toBeUndefined();
    expect(spec.metrics?.[0]?.resource?.target.averageUtilization).toBe(40);
    expect(spec.behavior).toBeUndefined();
    expect(status?.conditions).toBeUndefined();
  });

  it("holds to the rules of the newer", () => {
    const rules = rulesOf(horizontalPodAutoscalerV1Strategy);
    const draft = (spec: object, annotations: object = {}): object => ({
      metadata: { name: "x", namespace: "default", annotations },
      spec: { maxReplicas: 3, scaleTargetRef: described, ...spec },
    });
    expect(rules.creation(draft({}))).toEqual([]);
    expect(rules.creation(draft({ maxReplicas: 0, targetCPUUtilizationPercentage: 0 }))).toEqual([
      "spec.maxReplicas: Invalid value: 0: must be greater than 0",
      "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
      "spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0",
    ]);
    const policies = JSON.stringify({ ScaleUp: { Policies: [{ Type: "Pods" }] } });
    expect(rules.creation(draft({}, { [`${ALPHA}/behavior`]: policies }))).toEqual([
      "spec.behavior.scaleUp.policies[0].value: Invalid value: null: must be greater than zero",
      "spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: null: must be greater than zero",
    ]);
    const none = JSON.stringify({ ScaleDown: { Policies: [] } });
    expect(rules.creation(draft({}, { [`${ALPHA}/behavior`]: none }))).toEqual([
      "spec.behavior.scaleDown.policies: Required value: must specify at least one Policy",
    ]);
  });
});

describe("an autoscaler in both versions", () => {
  let api: TestApiServer;
  beforeAll(async () => {
    api = await startTestApiServer();
  });
  afterAll(async () => api.stop());
  const path = (version: string, rest = ""): string =>
    `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers${rest}`;

  it("is one object", async () => {
    const { apiVersion: _, kind: __, metadata, spec } = fromStoredAutoscaler(FULL);
    const created = await ask(api, path("v1"), { method: "POST", body: { metadata, spec } });
    expect(created.code).toBe(201);
    const first = created.json<AutoscalerV1>();
    expect(first).toMatchObject({ apiVersion: "autoscaling/v1", spec: { targetCPUUtilizationPercentage: 60 } });
    expect(first.status).toEqual({ currentReplicas: 0, desiredReplicas: 0 });
    const newer = (await ask(api, path("v2", "/x"))).json<HorizontalPodAutoscaler>();
    expect(newer.spec).toEqual(FULL.spec);
    expect(newer.metadata).toMatchObject({ annotations: { mine: "1" }, uid: first.metadata.uid });

    const status = { status: FULL.status };
    const headers = { "content-type": "application/merge-patch+json" };
    expect((await ask(api, path("v2", "/x/status"), { method: "PATCH", headers, body: status })).code).toBe(200);
    const patched = await ask(api, path("v1", "/x"), {
      method: "PATCH",
      headers,
      body: { spec: { targetCPUUtilizationPercentage: 30 }, status: { currentReplicas: 9 } },
    });
    expect(patched.json<AutoscalerV1>()).toMatchObject({
      spec: { targetCPUUtilizationPercentage: 30 },
      status: { currentReplicas: 2, currentCPUUtilizationPercentage: 55 },
    });
    const after = (await ask(api, path("v2", "/x"))).json<HorizontalPodAutoscaler>();
    expect(after.status).toEqual(FULL.status);
    expect(after.spec.metrics?.slice(1)).toEqual(FULL.spec.metrics?.slice(1));
    expect(after.spec.behavior).toEqual(FULL.spec.behavior);
  });

  it("is listed by both, and deleted by either", async () => {
    const lists = await Promise.all(["v1", "v2"].map((version) => ask(api, path(version))));
    expect(lists.map((answer) => answer.json<{ apiVersion: string; items: { apiVersion?: string }[] }>())).toEqual([
      expect.objectContaining({ apiVersion: "autoscaling/v1", kind: "HorizontalPodAutoscalerList" }),
      expect.objectContaining({ apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscalerList" }),
    ]);
    expect((await ask(api, path("v1", "/x"), { method: "DELETE" })).code).toBe(200);
    expect((await ask(api, path("v2", "/x"))).code).toBe(404);
  });
});
