/**
 * Priority (upstream: `plugin/pkg/admission/priority`): the class of a pod becomes its number and preemption policy,
 * and at most one class is the default.
 */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { PriorityClass } from "../../shared/api/generated/scheduling/v1.ts";
import { priorityClasses } from "../../shared/resources/catalog.ts";
import type { Storage } from "../storage/storage.ts";
import type { ObjectReader } from "../watch-cache/object-reader.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import { isAbout, podOf, refuse } from "./refusal.ts";
import { storedObject } from "./stored-object.ts";

const NO_CLASS_PRIORITY = 0;
const DEFAULT_PREEMPTION_POLICY = "PreemptLowerPriority";

export interface PriorityOptions {
  readonly reader: ObjectReader;
  readonly storage: Storage;
}

/** Of several defaults (which a race can leave) the lowest one counts. */
function globalDefault(classes: readonly PriorityClass[]): PriorityClass | undefined {
  return classes
    .filter((priorityClass) => priorityClass.globalDefault === true)
    .sort((a, b) => (a.value ?? 0) - (b.value ?? 0))
    .at(0);
}

function keepPriority(pod: Pod, previous: Pod): void {
  pod.spec.priority ??= previous.spec.priority;
  pod.spec.preemptionPolicy ??= previous.spec.preemptionPolicy;
}

function applyClass(request: AdmissionRequest, pod: Pod, priorityClass: PriorityClass | undefined): void {
  const { spec } = pod;
  const priority = priorityClass?.value ?? NO_CLASS_PRIORITY;
  const policy = priorityClass?.preemptionPolicy ?? DEFAULT_PREEMPTION_POLICY;
  if (spec.priority !== undefined && spec.priority !== priority) {
    const why = `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${priority} from the given PriorityClass name`;
    throw refuse(request, why);
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
    const why = `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`;
    throw refuse(request, why);
  }
  if (priorityClass !== undefined) spec.priorityClassName = priorityClass.metadata.name;
  spec.priority = priority;
  spec.preemptionPolicy = policy;
}

export function priorityAdmission({ reader, storage }: PriorityOptions): AdmissionPlugin {
  const classOf = async (request: AdmissionRequest, name: string): Promise<PriorityClass | undefined> => {
    if (name === "") return globalDefault(reader.list(priorityClasses));
    const found =
      reader.get(priorityClasses, undefined, name) ?? (await storedObject(storage, priorityClasses, "", name));
    if (found === undefined) throw refuse(request, `no PriorityClass with name ${name} was found`);
    return found;
  };

  return {
    name: "Priority",
    mutate: async (request) => {
      const pod = podOf(request);
      if (pod === undefined) return;
      if (request.operation === "UPDATE") {
        if (request.oldObject !== undefined) keepPriority(pod, request.oldObject as Pod);
      } else if (request.operation === "CREATE") {
        applyClass(request, pod, await classOf(request, pod.spec.priorityClassName ?? ""));
      }
    },
    validate: (request) => {
      if (!isAbout(request, priorityClasses) || request.object === undefined) return;
      const next = request.object as PriorityClass;
      if (next.globalDefault !== true) return;
      const present = globalDefault(reader.list(priorityClasses));
      if (present === undefined || present.metadata.name === next.metadata.name) return;
      const why = `PriorityClass ${present.metadata.name} is already marked as default. Only one default can exist`;
      throw refuse(request, why);
    },
  };
}
