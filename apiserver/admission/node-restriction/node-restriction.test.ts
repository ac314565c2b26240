import type { Node, Pod, PodSpec } from "../../../shared/api/generated/core/v1.ts";
import type { ObjectMeta } from "../../../shared/api/generated/meta/v1.ts";
import { StatusError } from "../../../shared/errors/status-error.ts";
import {
  csiDrivers,
  csiNodes,
  leases,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  resourceSlices,
  serviceAccounts,
} from "../../../shared/resources/catalog.ts";
import type { KubeObject, Resource } from "../../../shared/resources/resource.ts";
import { StaticReader } from "../../../test/support/static-reader.ts";
import type { AdmissionRequest } from "../admission.ts";
import { nodeRestriction } from "./node-restriction.ts";

const user = { name: "system:node:n1", uid: "", groups: ["system:nodes"], extra: {} };
const OWNER = { apiVersion: "v1", kind: "Node", name: "n1", uid: "node-uid", controller: true };

function pod(name: string, spec: Partial<PodSpec> = {}, metadata: Partial<ObjectMeta> = {}): Pod {
  return {
    metadata: { namespace: "web", uid: `uid-${name}`, ...metadata, name },
    spec: { containers: [{ name: "c" }], nodeName: "n1", ...spec },
  };
}
const mirror = (spec: Partial<PodSpec> = {}, metadata: Partial<ObjectMeta> = {}): Pod =>
  pod("m", spec, { annotations: { "kubernetes.io/config.mirror": "x" }, ownerReferences: [OWNER], ...metadata });
const node = (metadata: Partial<ObjectMeta> = {}, spec: Node["spec"] = {}): Node => ({
  metadata: { ...metadata, name: metadata.name ?? "n1" },
  spec,
});

const audience = (name: string): PodSpec["volumes"] => [
  { name: "t", projected: { sources: [{ serviceAccountToken: { path: "t", audience: name } }] } },
];
const ours = pod("ours", { volumes: audience("vault") });
const theirs = pod("theirs", { nodeName: "n2" });
const withClaim = pod("claimed", { volumes: [{ name: "v", persistentVolumeClaim: { claimName: "data" } }] });

const reader = new StaticReader()
  .put(nodes, node({ name: "n1", uid: "node-uid" }))
  .put(pods, ours, theirs, withClaim)
  .put(persistentVolumeClaims, { metadata: { name: "data", namespace: "web" }, spec: { volumeName: "pv" } })
  .put(persistentVolumes, { metadata: { name: "pv" }, spec: { csi: { driver: "d", volumeHandle: "h" } } })
  .put(csiDrivers, { metadata: { name: "d" }, spec: { tokenRequests: [{ audience: "csi" }] } });

/** What NodeRestriction says to node n1: nothing, or why not. */
async function ask(
  resource: Resource<KubeObject>,
  request: Partial<AdmissionRequest>,
  mayRequestAudience = false,
): Promise<string | undefined> {
  const authorizer = { authorize: () => ({ isAllowed: mayRequestAudience, reason: "" }) };
  const shown = request.object ?? request.oldObject;
  const whole: AdmissionRequest = {
    operation: "CREATE",
    resource,
    subresource: "",
    namespace: shown?.metadata.namespace ?? "",
    name: shown?.metadata.name ?? "",
    object: undefined,
    oldObject: undefined,
    user,
    isDryRun: false,
    warn: () => undefined,
    ...request,
  };
  try {
    await nodeRestriction({ reader, authorizer }).validate?.(whole);
    return undefined;
  } catch (error) {
    if (error instanceof StatusError) return error.message.replace(/^.* is forbidden: /u, "");
    throw error;
  }
}

describe("NodeRestriction", () => {
  it.each<[string, Pod, string | undefined]>([
    ["a mirror pod of its own", mirror(), undefined],
    [
      "a pod that is no mirror",
      pod("p"),
      'pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods',
    ],
    [
      "a mirror pod elsewhere",
      mirror({ nodeName: "n2" }),
      'node "n1" can only create pods with spec.nodeName set to itself',
    ],
    [
      "one without an owner",
      mirror({}, { ownerReferences: [] }),
      'node "n1" can only create pods with an owner reference set to itself',
    ],
    [
      "one with two owners",
      mirror({}, { ownerReferences: [OWNER, OWNER] }),
      'node "n1" can only create pods with a single owner reference set to itself',
    ],
    [
      "one of another node",
      mirror({}, { ownerReferences: [{ ...OWNER, name: "n2" }] }),
      'node "n1" can only create pods with an owner reference set to itself',
    ],
    [
      "one whose owner does not control it",
      mirror({}, { ownerReferences: [{ ...OWNER, controller: false }] }),
      'node "n1" can only create pods with a controller owner reference set to itself',
    ],
    [
      "one that blocks the deletion of its owner",
      mirror({}, { ownerReferences: [{ ...OWNER, blockOwnerDeletion: true }] }),
      'node "n1" must not set blockOwnerDeletion on an owner reference',
    ],
    [
      "one of an earlier node of that name",
      mirror({}, { ownerReferences: [{ ...OWNER, uid: "old" }] }),
      "node n1 UID mismatch: expected old got node-uid",
    ],
    ...(
      [
        ["a service account", { serviceAccountName: "default" }],
        ["secrets", { imagePullSecrets: [{ name: "s" }] }],
        ["configmaps", { volumes: [{ name: "v", configMap: { name: "m" } }] }],
        [
          "clustertrustbundles",
          { volumes: [{ name: "v", projected: { sources: [{ clusterTrustBundle: { path: "x" } }] } }] },
        ],
        ["persistentvolumeclaims", { volumes: [{ name: "v", persistentVolumeClaim: { claimName: "c" } }] }],
        ["resourceclaims", { resourceClaims: [{ name: "c", resourceClaimName: "c" }] }],
      ] as [string, Partial<PodSpec>][]
    ).map(([what, spec]): [string, Pod, string] => [
      `a mirror pod with ${what}`,
      mirror(spec),
      `node "n1" can not create pods that reference ${what}`,
    ]),
  ])("answers a kubelet that creates %s", async (_, object, expected) => {
    expect(await ask(pods, { object })).toBe(expected);
  });

  it("lets a kubelet report on, evict and delete only what runs on it", async () => {
    const status = { operation: "UPDATE", subresource: "status" } as const;
    expect(await ask(pods, { ...status, object: ours, oldObject: ours })).toBeUndefined();
    expect(await ask(pods, { ...status, object: theirs, oldObject: theirs })).toBe(
      'node "n1" can only update pod status for pods with spec.nodeName set to itself',
    );
    const relabelled = { ...ours, metadata: { ...ours.metadata, labels: { a: "b" } } };
    expect(await ask(pods, { ...status, object: relabelled, oldObject: ours })).toBe(
      'node "n1" cannot update labels through pod status',
    );
    const claiming = { ...ours, status: { resourceClaimStatuses: [{ name: "a", resourceClaimName: "b" }] } };
    expect(await ask(pods, { ...status, object: claiming, oldObject: ours })).toBe(
      'node "n1" cannot update resource claim statues',
    );
    expect(await ask(pods, { operation: "DELETE", oldObject: ours })).toBeUndefined();
    expect(await ask(pods, { operation: "DELETE", oldObject: theirs })).toBe(
      'node "n1" can only delete pods with spec.nodeName set to itself',
    );
    expect(await ask(pods, { operation: "UPDATE", object: ours, oldObject: ours })).toBe(
      'unexpected operation "UPDATE", node "n1" can only create and delete mirror pods',
    );
    expect(await ask(pods, { subresource: "eviction", object: ours })).toBeUndefined();
    expect(await ask(pods, { subresource: "eviction", object: theirs })).toBe(
      "node n1 can only evict pods with spec.nodeName set to itself",
    );
    expect(await ask(pods, { subresource: "binding", object: ours })).toBe(
      "unexpected pod subresource \"binding\", only 'status' and 'eviction' are allowed",
    );
  });

  it.each<[string, Partial<AdmissionRequest>, string | undefined]>([
    [
      "itself with labels of kubelets",
      { object: node({ labels: { "kubernetes.io/os": "linux", a: "b", "x.node.kubernetes.io/y": "" } }) },
      undefined,
    ],
    ["another node", { object: node({ name: "n2" }) }, 'node "n1" is not allowed to modify node "n2"'],
    [
      "a role for itself",
      { object: node({ labels: { "node-role.kubernetes.io/control-plane": "", "x.k8s.io/y": "" } }) },
      'node "n1" is not allowed to set the following labels: node-role.kubernetes.io/control-plane, x.k8s.io/y',
    ],
    [
      "a restricted label",
      {
        operation: "UPDATE",
        object: node({ labels: { "x.node-restriction.kubernetes.io/y": "" } }),
        oldObject: node(),
      },
      "is not allowed to modify labels: x.node-restriction.kubernetes.io/y",
    ],
    [
      "a label of somebody else, taken away",
      { operation: "UPDATE", object: node(), oldObject: node({ labels: { "node-role.kubernetes.io/worker": "" } }) },
      "is not allowed to modify labels: node-role.kubernetes.io/worker",
    ],
    [
      "fewer taints",
      { operation: "UPDATE", object: node(), oldObject: node({}, { taints: [{ key: "a", effect: "NoSchedule" }] }) },
      'node "n1" is not allowed to modify taints',
    ],
    [
      "an owner",
      { operation: "UPDATE", object: node({ ownerReferences: [OWNER] }), oldObject: node() },
      'node "n1" is not allowed to modify ownerReferences',
    ],
  ])("answers a kubelet that writes %s into a Node", async (_, request, expected) => {
    expect(await ask(nodes, request)).toBe(expected);
  });

  it("lets a kubelet have tokens of its pods, for the audiences that these name", async () => {
    const token = (of: Pod, audiences: string[], uid = of.metadata.uid, may = false): Promise<string | undefined> => {
      const boundObjectRef = { apiVersion: "v1", kind: "Pod", name: of.metadata.name, uid };
      const object = { metadata: { name: "default", namespace: "web" }, spec: { boundObjectRef, audiences } };
      return ask(serviceAccounts, { subresource: "token", object: object as KubeObject }, may);
    };
    expect(await token(ours, ["vault"])).toBeUndefined();
    expect(await token(withClaim, ["csi"])).toBeUndefined();
    expect(await token(ours, [])).toBe(
      'audience "" not found in pod spec volume, system:node:n1 is not authorized to request tokens for this audience',
    );
    expect(await token(ours, ["other"], "", true)).toContain("without a uid");
    expect(await token(ours, ["other"], ours.metadata.uid, true)).toBeUndefined();
    expect(await token(ours, ["vault", "csi"])).toBe("node may only request 0 or 1 audiences");
    expect(await token(theirs, [])).toBe("node requested token bound to a pod scheduled on a different node");
    expect(await token(ours, ["vault"], "old")).toContain("the UID in the bound object reference (old) does not match");
    expect(await token(pod("gone"), [])).toBe('pods "gone" not found');
    const unbound = { metadata: { name: "default" }, spec: {} } as KubeObject;
    expect(await ask(serviceAccounts, { subresource: "token", object: unbound })).toBe(
      "node requested token not bound to a pod",
    );
  });

  it("keeps kubelets to their own lease, CSINode, slices and to measures of claims", async () => {
    const lease = (namespace: string, name: string) => ask(leases, { object: { metadata: { namespace, name } } });
    expect(await lease("kube-node-lease", "n1")).toBeUndefined();
    expect(await lease("kube-node-lease", "n2")).toBe(
      "can only access node lease with the same name as the requesting node",
    );
    expect(await lease("web", "n1")).toBe('can only access leases in the "kube-node-lease" system namespace');
    expect(await ask(csiNodes, { object: { metadata: { name: "n2" } } })).toContain("can only access CSINode");
    const slice = (nodeName: string) => ({ metadata: { name: "s" }, spec: { nodeName } }) as KubeObject;
    expect(await ask(resourceSlices, { object: slice("n1") })).toBeUndefined();
    expect(await ask(resourceSlices, { operation: "DELETE", oldObject: slice("n2") })).toBe(
      "can only delete ResourceSlice with the same NodeName as the requesting node",
    );
    const claim = (labels: Record<string, string>, capacity: string) =>
      ({
        metadata: { name: "c", namespace: "web", labels },
        status: { capacity: { storage: capacity } },
      }) as KubeObject;
    const status = { operation: "UPDATE", subresource: "status", oldObject: claim({}, "1Gi") } as const;
    expect(await ask(persistentVolumeClaims, { ...status, object: claim({}, "2Gi") })).toBeUndefined();
    expect(await ask(persistentVolumeClaims, { ...status, object: claim({ a: "b" }, "2Gi") })).toContain(
      "is not allowed to update fields other than status.capacity and status.conditions",
    );
    expect(await ask(persistentVolumeClaims, { ...status, subresource: "" })).toBe("may only update PVC status");
  });

  it("refuses a node that does not say which it is, and nobody who is no node", async () => {
    const nameless = { ...user, name: "system:node:" };
    expect(await ask(pods, { object: pod("p"), user: nameless })).toBe(
      'could not determine node from user "system:node:"',
    );
    expect(await ask(pods, { object: pod("p"), user: { ...user, groups: [] } })).toBeUndefined();
  });
});
