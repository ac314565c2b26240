/** The admission plugins that are on, in upstream's order (`pkg/kubeapiserver/options/plugins.go`). */
import type { Clock } from "../../shared/process/clock.ts";
import type { Storage } from "../storage/storage.ts";
import type { ObjectReader } from "../watch-cache/object-reader.ts";
import type { AdmissionPlugin } from "./admission.ts";
import { defaultTolerationSeconds } from "./default-toleration-seconds.ts";
import { namespaceLifecycle } from "./namespace-lifecycle.ts";
import { nodeRestriction } from "./node-restriction.ts";
import { priorityAdmission } from "./priority.ts";
import { serviceAccountAdmission } from "./service-account.ts";

export interface AdmissionDependencies {
  readonly reader: ObjectReader;
  readonly storage: Storage;
  readonly clock: Clock;
}

export function admissionPlugins(dependencies: AdmissionDependencies): AdmissionPlugin[] {
  return [
    namespaceLifecycle(dependencies),
    serviceAccountAdmission(dependencies),
    nodeRestriction(dependencies.reader),
    priorityAdmission(dependencies),
    defaultTolerationSeconds,
  ];
}
