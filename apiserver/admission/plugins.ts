/** The admission plugins that are on, in upstream's order (`pkg/kubeapiserver/options/plugins.go`). */
import type { Clock } from "../../shared/process/clock.ts";
import type { Storage } from "../storage/storage.ts";
import type { Authorizer } from "../authorization/authorizer.ts";
import type { ObjectReader } from "../watch-cache/object-reader.ts";
import type { AdmissionPlugin } from "./admission.ts";
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from "./certificates/certificates.ts";
import { claimResize } from "./claim-resize.ts";
import { defaultStorageClass } from "./default-storage-class.ts";
import { defaultTolerationSeconds } from "./default-toleration-seconds.ts";
import { namespaceLifecycle } from "./namespace-lifecycle.ts";
import { nodeRestriction } from "./node-restriction/node-restriction.ts";
import { priorityAdmission } from "./priority.ts";
import { runtimeClassAdmission } from "./runtime-class.ts";
import { serviceAccountAdmission } from "./service-account.ts";
import { storageObjectInUseProtection } from "./storage-object-protection.ts";

export interface AdmissionDependencies {
  readonly reader: ObjectReader;
  readonly storage: Storage;
  /** Asked by plugins that make exceptions for those who have a right to them. */
  readonly authorizer: Authorizer;
  readonly clock: Clock;
}

export function admissionPlugins(dependencies: AdmissionDependencies): AdmissionPlugin[] {
  return [
    namespaceLifecycle(dependencies),
    serviceAccountAdmission(dependencies),
    nodeRestriction(dependencies),
    priorityAdmission(dependencies),
    defaultTolerationSeconds,
    defaultStorageClass(dependencies),
    storageObjectInUseProtection,
    claimResize(dependencies),
    runtimeClassAdmission(dependencies),
    certificateApproval(dependencies),
    certificateSigning(dependencies),
    certificateSubjectRestriction,
  ];
}
