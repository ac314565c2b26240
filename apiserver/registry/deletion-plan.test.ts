import type { DeleteOptions } from "../../shared/api/generated/meta/v1.ts";
import type { KubeObject } from "../../shared/resources/resource.ts";
import { configMapStrategy } from "../resources/core/config-map.ts";
import { namespaceStrategy } from "../resources/core/namespace.ts";
import { podStrategy } from "../resources/core/pod.ts";
import { isReadyToGo, planDeletion } from "./deletion-plan.ts";
import { objectStrategy } from "./object-strategy.ts";
import type { AnyStrategy } from "./strategy.ts";

const NOW_MS = Date.UTC(2026, 0, 1);
const plan = (strategy: AnyStrategy, object: KubeObject, options: DeleteOptions = {}) =>
  planDeletion(objectStrategy(strategy), object, options, NOW_MS);
const configMap = (metadata: Partial<KubeObject["metadata"]> = {}): KubeObject => ({
  metadata: { name: "c", ...metadata },
});
const pod = (metadata: Partial<KubeObject["metadata"]> = {}, spec: object = { nodeName: "n" }): KubeObject =>
  ({
    metadata: { name: "p", ...metadata },
    spec: { terminationGracePeriodSeconds: 30, ...spec },
    status: { phase: "Running" },
  }) as KubeObject;

describe("a deletion", () => {
  it("removes an object without finalizers at once", () => {
    expect(plan(configMapStrategy, configMap())).toEqual({ kind: "remove" });
  });

  it("marks an object that has finalizers, and counts its generation up", () => {
    const result = plan(configMapStrategy, configMap({ finalizers: ["example.com/f"], generation: 4 }));
    expect(result).toMatchObject({
      kind: "mark",
      next: {
        metadata: {
          finalizers: ["example.com/f"],
          generation: 5,
          deletionTimestamp: "2026-01-01T00:00:00Z",
          deletionGracePeriodSeconds: 0,
        },
      },
    });
  });

  it("changes nothing about an object that waits for its finalizers already", () => {
    const marked = configMap({
      finalizers: ["a/b"],
      deletionTimestamp: "2026-01-01T00:00:00Z",
      deletionGracePeriodSeconds: 0,
    });
    expect(plan(configMapStrategy, marked, { propagationPolicy: "Foreground" })).toEqual({ kind: "pending" });
  });

  it.each([
    [{ propagationPolicy: "Foreground" }, ["foregroundDeletion"]],
    [{ propagationPolicy: "Orphan" }, ["orphan"]],
    [{ orphanDependents: true }, ["orphan"]],
  ])("with %j sets %j", (options, finalizers) => {
    expect(plan(configMapStrategy, configMap(), options)).toMatchObject({
      kind: "mark",
      next: { metadata: { finalizers } },
    });
  });

  it.each([{ propagationPolicy: "Background" }, { orphanDependents: false }])(
    "with %j takes the finalizers of another propagation away",
    (options) => {
      expect(plan(configMapStrategy, configMap({ finalizers: ["orphan"] }), options)).toEqual({ kind: "remove" });
    },
  );

  it("without a policy keeps the propagation that the object asks for itself", () => {
    const result = plan(configMapStrategy, configMap({ finalizers: ["foregroundDeletion"] }));
    expect(result).toMatchObject({ kind: "mark", next: { metadata: { finalizers: ["foregroundDeletion"] } } });
  });
});

describe("a pod's deletion", () => {
  it("leaves a scheduled pod its grace period", () => {
    expect(plan(podStrategy, pod())).toMatchObject({
      kind: "mark",
      next: { metadata: { deletionTimestamp: "2026-01-01T00:00:30Z", deletionGracePeriodSeconds: 30 } },
    });
  });

  it("removes a pod at once that is on no node, has ended, or gets no grace", () => {
    expect(plan(podStrategy, pod({}, {}))).toEqual({ kind: "remove" });
    expect(plan(podStrategy, { ...pod(), status: { phase: "Succeeded" } } as KubeObject)).toEqual({ kind: "remove" });
    expect(plan(podStrategy, pod(), { gracePeriodSeconds: 0 })).toEqual({ kind: "remove" });
  });

  it("takes a negative grace as one second", () => {
    expect(plan(podStrategy, pod(), { gracePeriodSeconds: -5 })).toMatchObject({
      next: { metadata: { deletionGracePeriodSeconds: 1 } },
    });
  });

  const leaving = pod({ deletionTimestamp: "2026-01-01T00:00:30Z", deletionGracePeriodSeconds: 30 });

  it("lets grace only shrink", () => {
    expect(plan(podStrategy, leaving, { gracePeriodSeconds: 60 })).toEqual({ kind: "pending" });
    expect(plan(podStrategy, leaving)).toEqual({ kind: "pending" });
    expect(plan(podStrategy, leaving, { gracePeriodSeconds: 10 })).toMatchObject({
      kind: "mark",
      next: { metadata: { deletionTimestamp: "2026-01-01T00:00:10Z", deletionGracePeriodSeconds: 10 } },
    });
  });

  it("ends with grace zero, or waits for finalizers then", () => {
    expect(plan(podStrategy, leaving, { gracePeriodSeconds: 0 })).toEqual({ kind: "remove" });
    const held = pod({ ...leaving.metadata, finalizers: ["a/b"] });
    expect(plan(podStrategy, held, { gracePeriodSeconds: 0 })).toMatchObject({ kind: "mark" });
  });
});

describe("a namespace", () => {
  const namespace = (finalizers: string[]): KubeObject =>
    ({ metadata: { name: "n" }, spec: { finalizers }, status: { phase: "Active" } }) as KubeObject;

  it("is terminating while its spec has finalizers", () => {
    expect(plan(namespaceStrategy, namespace(["kubernetes"]))).toMatchObject({
      kind: "mark",
      next: { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" }, status: { phase: "Terminating" } },
    });
    expect(plan(namespaceStrategy, namespace([]))).toEqual({ kind: "remove" });
  });

  it("is ready to go when it is marked and nothing holds it", () => {
    const strategy = objectStrategy(namespaceStrategy);
    const marked = { deletionTimestamp: "2026-01-01T00:00:00Z", deletionGracePeriodSeconds: 0 };
    const of = (finalizers: string[], metadata: object) => ({
      ...namespace(finalizers),
      metadata: { name: "n", ...metadata },
    });
    expect(isReadyToGo(strategy, of([], marked))).toBe(true);
    expect(isReadyToGo(strategy, of(["kubernetes"], marked))).toBe(false);
    expect(isReadyToGo(strategy, of([], { ...marked, finalizers: ["a/b"] }))).toBe(false);
    expect(isReadyToGo(strategy, of([], {}))).toBe(false);
  });
});
