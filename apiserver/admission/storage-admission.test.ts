import type { PersistentVolumeClaim } from "../../shared/api/generated/core/v1.ts";
import type { StorageClass } from "../../shared/api/generated/storage/v1.ts";
import { persistentVolumeClaims, persistentVolumes, pods, storageClasses } from "../../shared/resources/catalog.ts";
import type { KubeObject, Resource } from "../../shared/resources/resource.ts";
import { StaticReader } from "../../test/support/static-reader.ts";
import type { AdmissionRequest } from "./admission.ts";
import { claimResize } from "./claim-resize.ts";
import { defaultStorageClass } from "./default-storage-class.ts";
import { storageObjectInUseProtection } from "./storage-object-protection.ts";

const DEFAULT = { "storageclass.kubernetes.io/is-default-class": "true" };
const storageClass = (name: string, more: Partial<StorageClass> = {}): StorageClass => ({
  metadata: { name },
  provisioner: "disk.example.com",
  ...more,
});
const claim = (spec: Partial<PersistentVolumeClaim["spec"]> = {}, size = "1Gi"): PersistentVolumeClaim => ({
  metadata: { name: "data", namespace: "web" },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: size } }, ...spec },
});

function request(
  resource: Resource<KubeObject>,
  object: KubeObject,
  more: Partial<AdmissionRequest> = {},
): AdmissionRequest {
  return {
    operation: "CREATE",
    resource,
    subresource: "",
    namespace: "web",
    name: object.metadata.name,
    object,
    oldObject: undefined,
    user: { name: "u", uid: "", groups: [], extra: {} },
    isDryRun: false,
    warn: () => undefined,
    ...more,
  };
}

describe("DefaultStorageClass", () => {
  const reader = new StaticReader()
    .put(storageClasses, storageClass("plain"))
    .put(
      storageClasses,
      storageClass("old", {
        metadata: { name: "old", annotations: DEFAULT, creationTimestamp: "2026-01-01T00:00:00Z" },
      }),
    )
    .put(
      storageClasses,
      storageClass("new", {
        metadata: { name: "new", annotations: DEFAULT, creationTimestamp: "2026-01-02T00:00:00Z" },
      }),
    );

  it.each<[string, PersistentVolumeClaim, string | undefined]>([
    ["the newest default to a claim without a class", claim(), "new"],
    ["nothing to one that wants none", claim({ storageClassName: "" }), ""],
    ["nothing to one that has its class", claim({ storageClassName: "plain" }), "plain"],
    [
      "nothing to one that has it in the old annotation",
      {
        ...claim(),
        metadata: {
          name: "data",
          namespace: "web",
          annotations: { "volume.beta.kubernetes.io/storage-class": "plain" },
        },
      },
      undefined,
    ],
  ])("gives %s", (_, object, expected) => {
    void defaultStorageClass({ reader }).mutate?.(request(persistentVolumeClaims, object));
    expect(object.spec.storageClassName).toBe(expected);
  });

  it("leaves claims alone when no class is the default", () => {
    const object = claim();
    void defaultStorageClass({ reader: new StaticReader() }).mutate?.(request(persistentVolumeClaims, object));
    expect(object.spec.storageClassName).toBeUndefined();
  });
});

it("StorageObjectInUseProtection puts one finalizer on new claims and volumes, and on nothing else", () => {
  const of = (resource: Resource<KubeObject>, finalizers?: string[], more: Partial<AdmissionRequest> = {}) => {
    const object = { metadata: { name: "x", ...(finalizers === undefined ? {} : { finalizers }) } };
    void storageObjectInUseProtection.mutate?.(request(resource, object, more));
    return (object.metadata as { finalizers?: string[] }).finalizers;
  };
  expect(of(persistentVolumeClaims)).toEqual(["kubernetes.io/pvc-protection"]);
  expect(of(persistentVolumes, ["mine"])).toEqual(["mine", "kubernetes.io/pv-protection"]);
  expect(of(persistentVolumes, ["kubernetes.io/pv-protection"])).toEqual(["kubernetes.io/pv-protection"]);
  expect(of(pods)).toBeUndefined();
  expect(of(persistentVolumeClaims, undefined, { operation: "UPDATE" })).toBeUndefined();
});

describe("PersistentVolumeClaimResize", () => {
  const reader = new StaticReader()
    .put(storageClasses, storageClass("grows", { allowVolumeExpansion: true }))
    .put(storageClasses, storageClass("stays"));
  const bound = (spec: Partial<PersistentVolumeClaim["spec"]>): PersistentVolumeClaim => ({
    ...claim(spec),
    status: { phase: "Bound" },
  });
  const NOT =
    "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize";
  it.each<[string, PersistentVolumeClaim, PersistentVolumeClaim, string | undefined]>([
    [
      "a bound claim whose class lets it",
      bound({ storageClassName: "grows" }),
      claim({ storageClassName: "grows" }, "2Gi"),
      undefined,
    ],
    ["no growth at all", claim({ storageClassName: "stays" }), claim({ storageClassName: "stays" }), undefined],
    [
      "not one without a volume",
      claim({ storageClassName: "grows" }),
      claim({ storageClassName: "grows" }, "2Gi"),
      "Only bound persistent volume claims can be expanded",
    ],
    [
      "not one whose class does not say so",
      bound({ storageClassName: "stays" }),
      claim({ storageClassName: "stays" }, "2Gi"),
      NOT,
    ],
    ["not one without a class", bound({}), claim({}, "2Gi"), NOT],
    [
      "not one whose class is gone",
      bound({ storageClassName: "gone" }),
      claim({ storageClassName: "gone" }, "2Gi"),
      NOT,
    ],
  ])("lets grow: %s", (_, oldObject, object, refusal) => {
    const validate = () =>
      claimResize({ reader }).validate?.(request(persistentVolumeClaims, object, { operation: "UPDATE", oldObject }));
    if (refusal === undefined) expect(validate).not.toThrow();
    else expect(validate).toThrow(`persistentvolumeclaims "data" is forbidden: ${refusal}`);
  });
});
