/** Which kinds a PUT may create, and which it must name a revision for (`AllowCreateOnUpdate`, `AllowUnconditionalUpdate`). */
import type { Strategy } from "../registry/strategy.ts";
import type { KubeObject } from "../../shared/resources/resource.ts";
import { builtInStrategies } from "./all.ts";

function kindsThat(is: (strategy: Strategy<KubeObject>) => boolean): string[] {
  const updatable = builtInStrategies.filter((one) => one.use(({ verbs }) => verbs.includes("update")));
  const chosen = updatable.filter((one) => one.use((typed) => is(typed as unknown as Strategy<KubeObject>)));
  return chosen.map(({ resource }) => `${resource.group}/${resource.kind}`).toSorted();
}

describe("updates", () => {
  it("create what is missing of a few kinds", () => {
    expect(kindsThat(({ allowCreateOnUpdate = false }) => allowCreateOnUpdate)).toEqual([
      "/Endpoints",
      "/Event",
      "/LimitRange",
      "/Service",
      "coordination.k8s.io/Lease",
      "events.k8s.io/Event",
      "rbac.authorization.k8s.io/ClusterRole",
      "rbac.authorization.k8s.io/ClusterRoleBinding",
      "rbac.authorization.k8s.io/Role",
      "rbac.authorization.k8s.io/RoleBinding",
    ]);
  });

  it("must name the revision that they replace of some kinds", () => {
    expect(kindsThat(({ allowUnconditionalUpdate = true }) => !allowUnconditionalUpdate)).toEqual([
      "admissionregistration.k8s.io/MutatingAdmissionPolicy",
      "admissionregistration.k8s.io/MutatingAdmissionPolicyBinding",
      "admissionregistration.k8s.io/MutatingWebhookConfiguration",
      "admissionregistration.k8s.io/ValidatingAdmissionPolicy",
      "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding",
      "admissionregistration.k8s.io/ValidatingWebhookConfiguration",
      "apiextensions.k8s.io/CustomResourceDefinition",
      "apiregistration.k8s.io/APIService",
      "coordination.k8s.io/Lease",
      "node.k8s.io/RuntimeClass",
      "policy/PodDisruptionBudget",
      "storage.k8s.io/CSIDriver",
      "storage.k8s.io/CSINode",
      "storage.k8s.io/CSIStorageCapacity",
      "storage.k8s.io/VolumeAttachment",
    ]);
  });
});
