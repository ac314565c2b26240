import fc from "fast-check";
import { isMirrorPod, isStaticPod, staticPod } from "./static-pod.ts";

const origin = { file: "/etc/manifests/web.yaml", nodeName: "node-1", seenAt: "2026-01-01T00:00:00Z" };
const text = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: main, image: web}]}\n";

describe("a pod from a file", () => {
  it("carries the node's name, a uid of its content, and what the kubelet reads", () => {
    const pod = staticPod(text, origin);
    expect(pod).toMatchObject({
      metadata: { name: "web-node-1", namespace: "default", annotations: { "kubernetes.io/config.source": "file" } },
      spec: { nodeName: "node-1", restartPolicy: "Always", containers: [{ imagePullPolicy: "Always" }] },
    });
    expect(pod.spec.tolerations).toEqual([{ operator: "Exists", effect: "NoExecute" }]);
    expect(isStaticPod(pod) && !isMirrorPod(pod)).toBe(true);
    expect(staticPod(text, { ...origin, seenAt: "2027-01-01T00:00:00Z" }).metadata.uid).toBe(pod.metadata.uid);
    expect(staticPod(`${text}#`, origin).metadata.uid).not.toBe(pod.metadata.uid);
  });

  it.each([
    "",
    "null",
    "[]",
    "kind: Pod",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: x}",
    "apiVersion: v1\nkind: Pod\nmetadata: {name: 3}\nspec: {containers: [{name: a}]}",
    "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: []}",
    "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [null]}",
    "{",
  ])("is refused when the file holds %j", (content) => {
    expect(() => staticPod(content, origin)).toThrow();
  });

  it("is a pod or an error for any text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (content) => {
        try {
          expect(staticPod(content, origin).kind).toBe("Pod");
        } catch (error) {
          expect(error).toHaveProperty("message");
        }
      }),
    );
  });
});
