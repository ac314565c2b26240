import fc from "fast-check";
import { aContainer, aPod, aRun } from "../../../test/support/pod-builders.ts";
import type { Pod, ResourceRequirements } from "../../../shared/api/generated/core/v1.ts";
import { largerResources, planResize, resourcesOf, sameResources, withResources } from "./plan-resize.ts";
import { judgeResize } from "./resize-verdict.ts";

const resources = (cpu: string, memory: string): ResourceRequirements => ({
  requests: { cpu, memory },
  limits: { cpu, memory },
});

const podOf = (...own: ResourceRequirements[]): Pod =>
  aPod({ containers: own.map((one, index) => aContainer(`c${index}`, { resources: one })) });

describe("the plan of a resize", () => {
  it("changes what runs and differs, what gives back before what takes", () => {
    const pod = podOf(resources("200m", "64Mi"), resources("100m", "32Mi"), resources("10m", "8Mi"));
    const actuated = { c0: resources("100m", "64Mi"), c1: resources("100m", "64Mi"), c2: resources("0.01", "8192Ki") };
    const running = ["c0", "c1", "c2"].map((name) => aRun(name, "running"));
    const plan = planResize(pod, actuated, running);
    expect(plan.updates.map(({ container }) => container.name)).toEqual(["c1", "c0"]);
    expect(planResize(pod, actuated, []).updates).toEqual([]);
  });

  it.each([
    ["cpu", resources("200m", "64Mi"), ["c0"]],
    ["memory", resources("200m", "64Mi"), []],
    ["memory", resources("100m", "128Mi"), ["c0"]],
  ])("restarts a container whose policy for %s says so, for %j", (resourceName, wanted, restarts) => {
    const pod = aPod({
      containers: [
        aContainer("c0", { resources: wanted, resizePolicy: [{ resourceName, restartPolicy: "RestartContainer" }] }),
      ],
    });
    const plan = planResize(pod, { c0: resources("100m", "64Mi") }, [aRun("c0", "running")]);
    expect([...plan.restarts]).toEqual(restarts);
    expect(plan.updates.length + plan.restarts.size).toBe(1);
  });

  it("comes to rest: a pod that has what it was allocated has nothing to change", () => {
    const amount = fc.constantFrom("0", "1m", "100m", "1", "1000m", "64Mi", "1Gi");
    const own = fc.record({ requests: fc.dictionary(fc.constantFrom("cpu", "memory"), amount) });
    fc.assert(
      fc.property(fc.array(own, { minLength: 1, maxLength: 4 }), (all) => {
        const pod = podOf(...all);
        const running = all.map((_, index) => aRun(`c${index}`, "running"));
        expect(planResize(pod, resourcesOf(pod), running)).toEqual({ updates: [], restarts: new Set() });
        expect(resourcesOf(withResources(aPod(pod.spec), resourcesOf(pod)))).toEqual(resourcesOf(pod));
      }),
    );
  });
});

describe("the pod's own group in between", () => {
  it("allows the larger of both, and everything where one has no limit", () => {
    const pod = podOf(resources("200m", "32Mi"), { limits: { memory: "1Gi" } });
    const larger = largerResources(pod, { c0: resources("100m", "64Mi"), c1: {} });
    expect(resourcesOf(larger)["c0"]).toEqual(resources("200m", "64Mi"));
    expect(resourcesOf(larger)["c1"]?.limits).toEqual({});
  });

  it("takes the same amounts written in another way for the same", () => {
    expect(sameResources(resources("1", "1Ki"), resources("1000m", "1024"))).toBe(true);
    expect(sameResources(resources("1", "1Ki"), { limits: { cpu: "1" } })).toBe(false);
  });
});

describe("a resize", () => {
  const allocatable = { cpu: "2", memory: "1Gi" };

  it.each([
    [podOf(resources("2", "1Gi")), [], undefined],
    [
      podOf(resources("3", "1Mi")),
      [],
      "Infeasible: Node didn't have enough capacity: cpu, requested: 3000, capacity: 2000",
    ],
    [
      podOf(resources("1", "2Gi")),
      [],
      "Infeasible: Node didn't have enough capacity: memory, requested: 2147483648, capacity: 1073741824",
    ],
    [
      podOf(resources("1500m", "1Mi")),
      [podOf(resources("1", "1Mi"))],
      "Deferred: Node didn't have enough resource: cpu, requested: 1500, used: 1000, capacity: 2000",
    ],
    [
      aPod({}, { annotations: { "kubernetes.io/config.source": "file" } }),
      [],
      "Infeasible: In-place resize of static-pods is not supported",
    ],
  ] satisfies [Pod, Pod[], string | undefined][])("of %# is judged by what the node has left", (pod, others, text) => {
    const refusal = judgeResize(pod, others, allocatable);
    expect(refusal === undefined ? undefined : `${refusal.reason}: ${refusal.message}`).toBe(text);
  });
});
