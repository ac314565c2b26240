/** What a cluster needs for volumes that are made on demand: the driver's description, its rights and a class. Pure. */

/** As `csi-hostpath/driver-name.ts`; components do not import each other. */
const DRIVER = "hostpath.csi.kubernode.io";
/** Who the driver is to the API: the name in its client certificate. */
export const DRIVER_USER = "kubernode:csi-hostpath";

const READ = ["get", "list", "watch"];

export interface StorageObject {
  /** Where objects of that kind are created. */
  readonly collection: string;
  readonly object: {
    readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  } & Readonly<Record<string, unknown>>;
}

export const storageObjects: readonly StorageObject[] = [
  {
    collection: "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    object: {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: DRIVER_USER },
      rules: [
        { apiGroups: [""], resources: ["persistentvolumes"], verbs: [...READ, "create", "delete", "update"] },
        { apiGroups: [""], resources: ["persistentvolumeclaims"], verbs: [...READ, "update"] },
        { apiGroups: [""], resources: ["persistentvolumeclaims/status"], verbs: ["update"] },
        { apiGroups: ["storage.k8s.io"], resources: ["storageclasses", "volumeattachments"], verbs: READ },
        { apiGroups: ["storage.k8s.io"], resources: ["volumeattachments/status"], verbs: ["patch"] },
        { apiGroups: [""], resources: ["events"], verbs: ["create", "patch", "update"] },
      ],
    },
  },
  {
    collection: "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    object: {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: DRIVER_USER },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: DRIVER_USER },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: DRIVER_USER }],
    },
  },
  {
    collection: "/apis/storage.k8s.io/v1/csidrivers",
    object: {
      apiVersion: "storage.k8s.io/v1",
      kind: "CSIDriver",
      metadata: { name: DRIVER },
      spec: {
        attachRequired: false,
        podInfoOnMount: false,
        fsGroupPolicy: "File",
        volumeLifecycleModes: ["Persistent"],
      },
    },
  },
  {
    collection: "/apis/storage.k8s.io/v1/storageclasses",
    object: {
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: { name: "standard", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
      provisioner: DRIVER,
      reclaimPolicy: "Delete",
      volumeBindingMode: "WaitForFirstConsumer",
      allowVolumeExpansion: true,
    },
  },
];
