import { aContainer, aPod } from "../../test/support/pod-builders.ts";
import { podChange } from "./pod-change.ts";

describe("podChange", () => {
  const pod = aPod();

  it("ignores the status that the kubelet wrote itself", () => {
    const next = { ...pod, metadata: { ...pod.metadata, resourceVersion: "2" }, status: { phase: "Running" } };
    expect(podChange(pod, next)).toBe("none");
  });

  it("tells labels from what else may change", () => {
    expect(podChange(pod, aPod({}, { labels: { a: "b" } }))).toBe("metadata");
    expect(podChange(pod, aPod({}, { deletionTimestamp: "2026-01-01T00:00:00Z" }))).toBe("other");
    expect(podChange(pod, aPod({ containers: [aContainer("main", { image: "other" })] }))).toBe("other");
    expect(podChange(pod, { ...pod, status: { phase: "Failed" } })).toBe("other");
  });

  it("sees the gates that a pod waits for", () => {
    const gated = aPod({ readinessGates: [{ conditionType: "gate" }] });
    const conditions = [{ type: "gate", status: "True" }];
    expect(podChange(gated, { ...gated, status: { conditions } })).toBe("other");
    expect(podChange(pod, { ...pod, status: { conditions } })).toBe("none");
  });
});
