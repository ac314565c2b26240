import type { PersistentVolumeClaim, Pod } from "../../../shared/api/generated/core/v1.ts";
import { ObjectStore } from "../../../shared/informer/store.ts";
import { OWN_INDEXES } from "../../runtime/shared-informers.ts";
import { planClaimProtection } from "./plan.ts";

const FINALIZER = "kubernetes.io/pvc-protection";
const deleted = { deletionTimestamp: "2026-01-01T00:00:00Z" };
const claim = (metadata: object = {}): PersistentVolumeClaim => ({
  metadata: { name: "p-s", namespace: "ns", uid: "u", finalizers: [FINALIZER, "mine"], ...metadata },
  spec: {},
});
const pod = (spec: Partial<Pod["spec"]>, metadata: object = {}): Pod => ({
  metadata: { name: "p", namespace: "ns", uid: "pod", ...metadata },
  spec: { containers: [], nodeName: "n", ...spec },
});
const direct = { volumes: [{ name: "v", persistentVolumeClaim: { claimName: "p-s" } }] };
const ephemeral = { volumes: [{ name: "s", ephemeral: {} }] };
const owned = {
  ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "p", uid: "pod", controller: true }],
};

/** The finalizers that are written; undefined when nothing is. */
function finalizers(of: PersistentVolumeClaim, pods: readonly Pod[] = []): string[] | undefined {
  const store = new ObjectStore<Pod>(OWN_INDEXES["pods"]);
  for (const each of pods) store.put(each);
  const { actions } = planClaimProtection(of, { pods: store, self: new ObjectStore() });
  const [action] = actions;
  return action?.verb === "update" ? action.object.metadata.finalizers : undefined;
}

it.each<[string, PersistentVolumeClaim, Pod[], string[] | undefined]>([
  ["keeps its finalizer while it lives", claim(), [], undefined],
  ["gets one when it lacks it", claim({ finalizers: ["mine"] }), [], ["mine", FINALIZER]],
  ["gets none when it is being deleted", claim({ ...deleted, finalizers: ["mine"] }), [], undefined],
  ["loses it when it is deleted and nobody uses it", claim(deleted), [], ["mine"]],
  ["keeps it while a pod uses it", claim(deleted), [pod(direct)], undefined],
  ["keeps it while a pod that has ended names it", claim(deleted), [pod(direct, { phase: "Succeeded" })], undefined],
  ["is not used by a pod without a node", claim(deleted), [pod({ ...direct, nodeName: undefined })], ["mine"]],
  ["is not used by a pod of another claim", claim(deleted), [pod({ volumes: [] })], ["mine"]],
  ["keeps it while the pod that it was made for runs", claim({ ...deleted, ...owned }), [pod(ephemeral)], undefined],
  ["is not used by a pod that it was not made for", claim(deleted), [pod(ephemeral)], ["mine"]],
  [
    "goes as soon as the kubelet is done with the pod that it was made for",
    claim({ ...deleted, ...owned }),
    [pod(ephemeral, { ...deleted, deletionGracePeriodSeconds: 0 })],
    ["mine"],
  ],
])("a claim %s", (_, of, pods, expected) => {
  expect(finalizers(of, pods)).toEqual(expected);
});

it("asks the server for pods that the cache does not know yet before a claim goes", () => {
  const world = { pods: new ObjectStore<Pod>(OWN_INDEXES["pods"]), self: new ObjectStore<PersistentVolumeClaim>() };
  const [action] = planClaimProtection(claim(deleted), world).actions;
  expect(action?.needsAbsence?.matches?.(pod(direct))).toBe(true);
  expect(action?.needsAbsence?.matches?.(pod({}))).toBe(false);
});
