import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from "../../shared/api/generated/core/v1.ts";
import { aContainer, aPod } from "../../test/support/pod-builders.ts";
import type { StorageObjects } from "./storage-objects.ts";
import { volumeSpec, volumeUses } from "./volume-spec.ts";

const claimed: Volume = { name: "v", persistentVolumeClaim: { claimName: "claim", readOnly: true } };
const mounted = { isMounted: true, isDevice: false };

function aClaim(more: Partial<PersistentVolumeClaim> = {}): PersistentVolumeClaim {
  return {
    metadata: { name: "claim", namespace: "default", uid: "claim-uid" },
    spec: { volumeName: "pv" },
    status: { phase: "Bound" },
    ...more,
  };
}

function aVolume(more: Partial<NonNullable<PersistentVolume["spec"]>> = {}): PersistentVolume {
  return { metadata: { name: "pv" }, spec: { claimRef: { uid: "claim-uid" }, ...more } };
}

function objects(claim: PersistentVolumeClaim | Error, volume: PersistentVolume | Error = aVolume()): StorageObjects {
  const give = async <T>(value: T | Error): Promise<T> => {
    if (value instanceof Error) throw value;
    return value;
  };
  return {
    claim: () => give(claim),
    volume: () => give(volume),
    attachment: () => Promise.reject(new Error("not asked for")),
    driver: async () => undefined,
    node: async () => ({ metadata: { name: "node" }, spec: {} }),
    finishExpansion: async () => undefined,
  };
}

it("leads from the claim to its volume, under the volume's name", async () => {
  const spec = await volumeSpec(aPod(), claimed, mounted, objects(aClaim()));
  expect(spec).toMatchObject({ name: "pv", isReadOnly: true, mode: "Filesystem" });
});

it("takes a volume of the pod as it is", async () => {
  const volume = { name: "v", emptyDir: {} };
  const spec = await volumeSpec(aPod(), volume, mounted, objects(new Error("not asked for")));
  expect(spec).toEqual({ volume, name: "v", isReadOnly: false, mode: "Filesystem" });
});

const deleted = aClaim({ metadata: { name: "claim", uid: "claim-uid", deletionTimestamp: "2026-01-01T00:00:00Z" } });
it.each<[string, Parameters<typeof objects>]>([
  ["failed to fetch PVC from API server: gone", [new Error("gone")]],
  ["PVC is being deleted", [deleted]],
  ["PVC is not bound", [aClaim({ status: { phase: "Pending" } })]],
  ["PVC has empty pvc.Spec.VolumeName", [aClaim({ spec: {} })]],
  ["failed to fetch PV pv from API server: gone", [aClaim(), new Error("gone")]],
  [
    "found PV object pv but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim",
    [aClaim(), { metadata: { name: "pv" }, spec: {} }],
  ],
  [
    "found PV object pv but its pv.Spec.ClaimRef.UID other does not point to claim.UID claim-uid",
    [aClaim(), aVolume({ claimRef: { uid: "other" } })],
  ],
])("waits and says: %s", async (message, given) => {
  const looked = volumeSpec(aPod(), claimed, mounted, objects(...given));
  await expect(looked).rejects.toThrow(`error processing PVC default/claim: ${message}`);
});

it("takes only the claim that was made for the pod's ephemeral volume", async () => {
  const volume: Volume = { name: "v", ephemeral: {} };
  const owner = { apiVersion: "v1", kind: "Pod", name: "web", uid: "uid-1", controller: true };
  const own = aClaim({ metadata: { name: "web-v", uid: "claim-uid", ownerReferences: [owner] } });
  expect(await volumeSpec(aPod(), volume, mounted, objects(own))).toMatchObject({ name: "pv" });
  await expect(volumeSpec(aPod(), volume, mounted, objects(aClaim()))).rejects.toThrow(
    "error processing PVC default/web-v: PVC default/web-v was not created for pod default/web (pod is not owner)",
  );
});

it("must be used as what it is", async () => {
  const raw = objects(aClaim(), aVolume({ volumeMode: "Block" }));
  await expect(volumeSpec(aPod(), claimed, mounted, raw)).rejects.toThrow(
    "volume v has volumeMode Block, but is specified in volumeMounts",
  );
  const device = { isMounted: false, isDevice: true };
  await expect(volumeSpec(aPod(), claimed, device, objects(aClaim()))).rejects.toThrow(
    "volume v has volumeMode Filesystem, but is specified in volumeDevices",
  );
  expect(await volumeSpec(aPod(), claimed, device, raw)).toMatchObject({ mode: "Block" });
});

it("knows what containers of every kind use", () => {
  const mount = (name: string) => ({ volumeMounts: [{ name, mountPath: "/" }] });
  const pod: Pod = aPod({
    initContainers: [{ ...aContainer("i"), ...mount("a") }],
    containers: [{ ...aContainer("c"), ...mount("b"), volumeDevices: [{ name: "d", devicePath: "/dev/d" }] }],
    ephemeralContainers: [{ ...aContainer("e"), ...mount("a") }],
  });
  expect(Object.fromEntries(volumeUses(pod))).toEqual({
    a: { isMounted: true, isDevice: false },
    b: { isMounted: true, isDevice: false },
    d: { isMounted: false, isDevice: true },
  });
});
