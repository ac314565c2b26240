import type { PersistentVolume, PersistentVolumeClaim } from "../../../shared/api/generated/core/v1.ts";
import type { VolumeAttributesClass } from "../../../shared/api/generated/storage/v1.ts";
import { ObjectStore } from "../../../shared/informer/store.ts";
import { planAttributesClass } from "./plan.ts";

const FINALIZER = "kubernetes.io/vac-protection";
const gold = (metadata: object): VolumeAttributesClass => ({
  metadata: { name: "gold", ...metadata },
  driverName: "d",
});
const deleted = gold({ deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: [FINALIZER] });
const claim = (spec: object, status: object = {}): PersistentVolumeClaim => ({
  metadata: { name: "c", namespace: "ns" },
  spec,
  status,
});

it.each<[string, VolumeAttributesClass, PersistentVolumeClaim[], PersistentVolume[], string[] | undefined]>([
  ["gets its finalizer", gold({}), [], [], [FINALIZER]],
  ["keeps it while it lives", gold({ finalizers: [FINALIZER] }), [], [], undefined],
  [
    "loses it when it is deleted and nobody names it",
    deleted,
    [claim({ volumeAttributesClassName: "silver" })],
    [],
    [],
  ],
  ["stays while a claim wants it", deleted, [claim({ volumeAttributesClassName: "gold" })], [], undefined],
  ["stays while a claim has it", deleted, [claim({}, { currentVolumeAttributesClassName: "gold" })], [], undefined],
  [
    "stays while a claim is on its way to it",
    deleted,
    [claim({}, { modifyVolumeStatus: { status: "InProgress", targetVolumeAttributesClassName: "gold" } })],
    [],
    undefined,
  ],
  [
    "stays while a volume has it",
    deleted,
    [],
    [{ metadata: { name: "v" }, spec: { volumeAttributesClassName: "gold" } }],
    undefined,
  ],
])("a class of volume attributes %s", (_, attributes, claims, volumes, expected) => {
  const world = {
    claims: new ObjectStore<PersistentVolumeClaim>(),
    volumes: new ObjectStore<PersistentVolume>(),
    self: new ObjectStore<VolumeAttributesClass>(),
  };
  for (const each of claims) world.claims.put(each);
  for (const each of volumes) world.volumes.put(each);
  const [action] = planAttributesClass(attributes, world).actions;
  expect(action?.verb === "update" ? action.object.metadata.finalizers : undefined).toEqual(expected);
});
