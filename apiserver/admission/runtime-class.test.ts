import type { PodSpec, Toleration } from "../../shared/api/generated/core/v1.ts";
import type { RuntimeClass } from "../../shared/api/generated/node/v1.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { pods, runtimeClasses } from "../../shared/resources/catalog.ts";
import { StaticReader } from "../../test/support/static-reader.ts";
import { MemoryStorage } from "../storage/memory/memory-storage.ts";
import type { AdmissionRequest } from "./admission.ts";
import { mergeTolerations } from "./merge-tolerations.ts";
import { runtimeClassAdmission } from "./runtime-class.ts";

const SANDBOXED: RuntimeClass = {
  metadata: { name: "sandboxed" },
  handler: "kata",
  overhead: { podFixed: { cpu: "10m", memory: "1Mi" } },
  scheduling: { nodeSelector: { kata: "yes" }, tolerations: [{ key: "kata", operator: "Exists" }] },
};
const PLAIN: RuntimeClass = { metadata: { name: "plain" }, handler: "runc" };

/** The pod's spec after both passes, or why it is refused. */
async function admitted(
  spec: Partial<PodSpec>,
  operation: AdmissionRequest["operation"] = "CREATE",
): Promise<PodSpec | string> {
  const reader = new StaticReader().put(runtimeClasses, SANDBOXED).put(runtimeClasses, PLAIN);
  const plugin = runtimeClassAdmission({ reader, storage: new MemoryStorage(systemClock) });
  const pod = { metadata: { name: "p", namespace: "web" }, spec: { containers: [{ name: "c" }], ...spec } };
  const request: AdmissionRequest = {
    operation,
    resource: pods,
    subresource: "",
    namespace: "web",
    name: "p",
    object: pod,
    oldObject: undefined,
    user: { name: "u", uid: "", groups: [], extra: {} },
    isDryRun: false,
    warn: () => undefined,
  };
  try {
    await plugin.mutate?.(request);
    await plugin.validate?.(request);
    return pod.spec;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const REFUSED = 'pods "p" is forbidden: ';

describe("RuntimeClass admission", () => {
  it("gives a pod the overhead, the node selector and the tolerations of its class", async () => {
    const own: Toleration = { key: "own", operator: "Equal", value: "x" };
    const given = { runtimeClassName: "sandboxed", nodeSelector: { zone: "a" }, tolerations: [own] };
    expect(await admitted(given)).toMatchObject({
      overhead: { cpu: "10m", memory: "1Mi" },
      nodeSelector: { zone: "a", kata: "yes" },
      tolerations: [own, { key: "kata", operator: "Exists" }],
    });
  });

  it("takes an overhead that says the same in other words", async () => {
    const spec = { runtimeClassName: "sandboxed", overhead: { cpu: "0.01", memory: "1024Ki" } };
    expect(await admitted(spec)).toMatchObject({ overhead: { cpu: "10m", memory: "1Mi" } });
  });

  it("leaves a pod of a class without either, and pods without a class, as they are", async () => {
    expect(await admitted({ runtimeClassName: "plain" })).toEqual({
      containers: [{ name: "c" }],
      runtimeClassName: "plain",
    });
    expect(await admitted({})).toEqual({ containers: [{ name: "c" }] });
  });

  it.each([
    ["an unknown class", { runtimeClassName: "none" }, 'pod rejected: RuntimeClass "none" not found'],
    [
      "another overhead",
      { runtimeClassName: "sandboxed", overhead: { cpu: "20m", memory: "1Mi" } },
      "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
    ],
    [
      "an overhead without a class that has one",
      { runtimeClassName: "plain", overhead: { cpu: "1" } },
      "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
    ],
    [
      "an overhead without a class",
      { overhead: { cpu: "1" } },
      "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
    ],
    [
      "another value for a selector of the class",
      { runtimeClassName: "sandboxed", nodeSelector: { kata: "no" } },
      "conflict: runtimeClass.scheduling.nodeSelector[kata] = yes; pod.spec.nodeSelector[kata] = no",
    ],
  ] as const)("refuses %s", async (_what, spec, why) => {
    expect(await admitted(spec)).toBe(REFUSED + why);
  });

  it("asks nothing of a pod that is there already", async () => {
    expect(await admitted({ runtimeClassName: "none" }, "UPDATE")).toMatchObject({ runtimeClassName: "none" });
  });
});

describe("merged tolerations", () => {
  const exists: Toleration = { key: "a", operator: "Exists" };
  const everything: Toleration = { operator: "Exists" };
  const equal: Toleration = { key: "a", operator: "Equal", value: "1" };
  const brief: Toleration = { key: "a", operator: "Exists", effect: "NoExecute", tolerationSeconds: 10 };
  const long: Toleration = { ...brief, tolerationSeconds: 20 };

  it.each([
    ["of two alike one stays", [equal], [equal], [equal]],
    ["a wider one takes the place of a narrower one", [equal], [exists], [exists]],
    ["a wider one that came first stays alone", [exists], [equal], [exists]],
    ["one without a key covers all", [equal, brief], [everything], [everything]],
    ["a longer time covers a shorter one", [brief], [long], [long]],
    ["other values stay beside each other", [equal], [{ ...equal, value: "2" }], [equal, { ...equal, value: "2" }]],
  ])("%s", (_what, first, second, merged) => {
    expect(mergeTolerations(first, second)).toEqual(merged);
  });
});
