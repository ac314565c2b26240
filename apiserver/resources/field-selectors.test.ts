/** What may be selected by beside name and namespace, of every kind (`fields` of upstream's registries). */
import { apiVersionOf } from "../../shared/resources/resource.ts";
import { builtInStrategies } from "./all.ts";

const REFERENCE = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  "v1 Event": [
    ...REFERENCE.map((field) => `involvedObject.${field}`),
    "reason",
    "reportingComponent",
    "source",
    "type",
  ],
  "v1 Namespace": ["status.phase"],
  "v1 Node": ["spec.unschedulable"],
  "v1 Pod": [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.podIPs",
    "status.nominatedNodeName",
  ],
  "v1 ReplicationController": ["status.replicas"],
  "v1 Secret": ["type"],
  "v1 Service": ["spec.clusterIP", "spec.type"],
  "apps/v1 ReplicaSet": ["status.replicas"],
  "batch/v1 Job": ["status.successful"],
  "certificates.k8s.io/v1 CertificateSigningRequest": ["spec.signerName"],
  "events.k8s.io/v1 Event": [
    ...REFERENCE.map((field) => `regarding.${field}`),
    "reason",
    "reportingController",
    "type",
  ],
  "resource.k8s.io/v1 ResourceSlice": ["spec.nodeName", "spec.driver"],
};

describe("the field selectors", () => {
  it("are those of upstream, kind by kind", () => {
    const selectable = builtInStrategies.flatMap((strategy) => {
      const fields = strategy.use((typed) => Object.keys(typed.selectableFields ?? {}));
      const { resource } = strategy;
      return fields.length === 0 ? [] : [[`${apiVersionOf(resource)} ${resource.kind}`, fields.toSorted()] as const];
    });
    const expected = Object.entries(FIELDS).map(([kind, fields]) => [kind, fields.toSorted()] as const);
    expect(Object.fromEntries(selectable)).toEqual(Object.fromEntries(expected));
  });
});
