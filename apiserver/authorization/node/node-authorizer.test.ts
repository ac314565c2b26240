import type { PersistentVolume, Pod, PodSpec } from "../../../shared/api/generated/core/v1.ts";
import { persistentVolumes, pods, resourceSlices, volumeAttachments } from "../../../shared/resources/catalog.ts";
import { StaticReader } from "../../../test/support/static-reader.ts";
import type { UserInfo } from "../../authentication/user.ts";
import { nodeRules } from "../../bootstrap/policy-components.ts";
import type { AuthorizationAttributes } from "../authorizer.ts";
import { createNodeAuthorizer } from "./node-authorizer.ts";
import { createNodeRelations } from "./node-relations.ts";

const node = (name: string): UserInfo => ({
  name: `system:node:${name}`,
  uid: "",
  groups: ["system:nodes"],
  extra: {},
});
const NO_RELATION = "no relationship found between node 'n2' and this object";

function pod(name: string, nodeName: string | undefined, spec: Partial<PodSpec>, more: Partial<Pod> = {}): Pod {
  const metadata = { name, namespace: "ns", uid: name };
  return { metadata, spec: { containers: [{ name: "c" }], nodeName, ...spec }, ...more };
}

const rich = pod("rich", "n1", {
  serviceAccountName: "builder",
  imagePullSecrets: [{ name: "pull" }],
  containers: [
    {
      name: "c",
      env: [
        { name: "A", valueFrom: { secretKeyRef: { name: "env-secret", key: "k" } } },
        { name: "B", valueFrom: { configMapKeyRef: { name: "env-map", key: "k" } } },
      ],
      envFrom: [{ secretRef: { name: "from-secret" } }, { configMapRef: { name: "from-map" } }],
    },
  ],
  initContainers: [{ name: "i", envFrom: [{ secretRef: { name: "init-secret" } }] }],
  ephemeralContainers: [{ name: "e", envFrom: [{ configMapRef: { name: "debug-map" } }] }],
  volumes: [
    { name: "s", secret: { secretName: "volume-secret" } },
    { name: "m", configMap: { name: "volume-map" } },
    { name: "p", projected: { sources: [{ secret: { name: "part-secret" } }, { configMap: { name: "part-map" } }] } },
    { name: "csi", csi: { driver: "d", nodePublishSecretRef: { name: "csi-secret" } } },
    { name: "claim", persistentVolumeClaim: { claimName: "data" } },
    { name: "scratch", ephemeral: {} },
  ],
  resourceClaims: [{ name: "gpu", resourceClaimName: "gpu" }],
});
const volume: PersistentVolume = {
  metadata: { name: "pv" },
  spec: {
    claimRef: { namespace: "ns", name: "data" },
    csi: { driver: "d", volumeHandle: "h", nodeStageSecretRef: { name: "stage", namespace: "storage" } },
  },
};

function reader(...more: Pod[]): StaticReader {
  return new StaticReader()
    .put(pods, rich, pod("other", "n2", {}), ...more)
    .put(persistentVolumes, volume)
    .put(volumeAttachments, { metadata: { name: "va" }, spec: { attacher: "d", nodeName: "n1", source: {} } })
    .put(resourceSlices, {
      metadata: { name: "slice" },
      spec: { driver: "d", nodeName: "n1", pool: { name: "p", generation: 1, resourceSliceCount: 1 } },
    });
}

function ask(
  who: UserInfo,
  request: string,
  more: Partial<Extract<AuthorizationAttributes, { kind: "resource" }>> = {},
  from = reader(),
): string | true {
  const [verb = "", where = "", name = ""] = request.split(" ");
  const [full, group] = splitGroup(where);
  const [resource = "", subresource = ""] = full.split("/");
  const attributes = {
    kind: "resource",
    verb,
    group,
    version: "v1",
    resource,
    subresource,
    namespace: "ns",
    name,
    ...more,
  } as const;
  const decision = createNodeAuthorizer(createNodeRelations(from), nodeRules).authorize(who, attributes);
  return decision.isAllowed || decision.reason;
}

function splitGroup(where: string): [string, string] {
  const at = where.indexOf(".");
  return at < 0 ? [where, ""] : [where.slice(0, at), where.slice(at + 1)];
}

describe("the node authorizer", () => {
  const secrets = ["pull", "env-secret", "from-secret", "init-secret", "volume-secret", "part-secret", "csi-secret"];
  const maps = ["env-map", "from-map", "debug-map", "volume-map", "part-map"];
  it.each([
    ...secrets.map((name) => `get secrets ${name}`),
    ...maps.map((name) => `watch configmaps ${name}`),
    "get persistentvolumeclaims data",
    "get persistentvolumeclaims rich-scratch",
    "patch persistentvolumeclaims/status data",
    "get persistentvolumes pv",
    "get volumeattachments.storage.k8s.io va",
    "get resourceclaims.resource.k8s.io gpu",
    "delete resourceslices.resource.k8s.io slice",
    "create serviceaccounts/token builder",
    "get pods rich",
  ])("lets the node of a pod %s, and no other node", (request) => {
    expect(ask(node("n1"), request)).toBe(true);
    expect(ask(node("n2"), request)).toBe(NO_RELATION);
  });

  it("opens the secrets of a persistent volume, in the namespace that it names", () => {
    expect(ask(node("n1"), "get secrets stage", { namespace: "storage" })).toBe(true);
    expect(ask(node("n1"), "get secrets stage")).toContain("no relationship");
    expect(ask(node("n2"), "get secrets stage", { namespace: "storage" })).toBe(NO_RELATION);
  });

  it("opens nothing for a mirror pod, which its node made itself", () => {
    const mirror = pod("mirror", "n2", rich.spec);
    mirror.spec.nodeName = "n2";
    mirror.metadata.annotations = { "kubernetes.io/config.mirror": "x" };
    expect(ask(node("n2"), "get secrets pull", {}, reader(mirror))).toBe(NO_RELATION);
    expect(ask(node("n2"), "get pods mirror", {}, reader(mirror))).toBe(true);
  });

  it("follows pods that come and go, and claims of templates once they were made", () => {
    const now = reader();
    expect(ask(node("n2"), "get secrets pull", {}, now)).toBe(NO_RELATION);
    const moved = pod("late", "n2", { imagePullSecrets: [{ name: "pull" }] });
    now.put(pods, moved);
    expect(ask(node("n2"), "get secrets pull", {}, now)).toBe(true);
    now.remove(pods, moved);
    expect(ask(node("n2"), "get secrets pull", {}, now)).toBe(NO_RELATION);
    const status = { resourceClaimStatuses: [{ name: "x", resourceClaimName: "made" }] };
    now.put(pods, pod("claims", "n2", { resourceClaims: [{ name: "x", resourceClaimTemplateName: "t" }] }, { status }));
    expect(ask(node("n2"), "get resourceclaims.resource.k8s.io made", {}, now)).toBe(true);
  });

  const onNode = (field: string, value: string) => ({ fieldSelector: [{ field, operator: "=" as const, value }] });
  it.each([
    ["list secrets", {}, "No Object name found"],
    ["update secrets pull", {}, "can only read resources of this type"],
    ["get secrets pull", { namespace: "" }, "can only read namespaced object of this type"],
    ["list persistentvolumes pv", {}, "can only get individual resources of this type"],
    ["get persistentvolumeclaims/status data", {}, "can only get/update/patch this type"],
    ["create serviceaccounts/token", {}, "can only create tokens for individual service accounts"],
    ["create serviceaccounts builder", {}, "can only create token subresource of serviceaccount"],
    ["get leases.coordination.k8s.io n1", { namespace: "kube-node-lease" }, true],
    ["create leases.coordination.k8s.io", { namespace: "kube-node-lease" }, true],
    [
      "get leases.coordination.k8s.io n2",
      { namespace: "kube-node-lease" },
      "can only access node lease with the same name as the requesting node",
    ],
    ["get leases.coordination.k8s.io n1", {}, 'can only access leases in the "kube-node-lease" system namespace'],
    [
      "list leases.coordination.k8s.io",
      { namespace: "kube-node-lease" },
      "can only get, create, update, patch, or delete a node lease",
    ],
    ["update csinodes.storage.k8s.io n1", {}, true],
    ["update csinodes.storage.k8s.io n2", {}, "can only access CSINode with the same name as the requesting node"],
    ["get nodes n1", {}, true],
    ["list nodes n1", {}, true],
    ["list nodes", {}, "node 'n1' cannot read all nodes, only its own Node object"],
    ["get nodes n2", {}, "node 'n1' cannot read 'n2', only its own Node object"],
    ["patch nodes/status n1", {}, true],
    ["delete nodes n1", {}, ""],
    ["list pods", onNode("spec.nodeName", "n1"), true],
    ["watch pods", onNode("spec.nodeName", "n2"), "can only list/watch pods with spec.nodeName field selector"],
    ["list pods", {}, "can only list/watch pods with spec.nodeName field selector"],
    ["create pods/eviction other", {}, true],
    ["create pods/exec rich", {}, ""],
    ["list resourceslices.resource.k8s.io", onNode("spec.nodeName", "n1"), true],
    [
      "list resourceslices.resource.k8s.io",
      {},
      "can only list/watch/deletecollection resourceslices with nodeName field selector",
    ],
    ["list services", {}, true],
    ["create certificatesigningrequests.certificates.k8s.io", {}, true],
    ["create subjectaccessreviews.authorization.k8s.io", {}, true],
    ["list deployments.apps", {}, ""],
  ] as const)("answers node n1 that wants to %s (%j)", (request, more, expected) => {
    expect(ask(node("n1"), request, more)).toBe(expected);
  });

  it("has no say about others, and refuses a node that does not say which it is", () => {
    expect(ask({ ...node("n1"), groups: [] }, "get secrets pull")).toBe("");
    expect(ask({ ...node("n1"), name: "n1" }, "get secrets pull")).toBe("");
    expect(ask(node(""), "get secrets pull")).toBe('unknown node for user "system:node:"');
  });
});
