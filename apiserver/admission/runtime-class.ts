/**
 * RuntimeClass (upstream: `plugin/pkg/admission/runtimeclass`; KEP-688): a new pod gets the overhead, the node selector
 * and the tolerations of its class, and must not bring another overhead.
 */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { RuntimeClass } from "../../shared/api/generated/node/v1.ts";
import { compareQuantities } from "../../shared/machinery/quantity.ts";
import { runtimeClasses } from "../../shared/resources/catalog.ts";
import type { Storage } from "../storage/storage.ts";
import type { ObjectReader } from "../watch-cache/object-reader.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import { mergeTolerations } from "./merge-tolerations.ts";
import { podOf, refuse } from "./refusal.ts";
import { storedObject } from "./stored-object.ts";

export interface RuntimeClassOptions {
  readonly reader: ObjectReader;
  readonly storage: Storage;
}

type Amounts = Readonly<Record<string, string>>;

const OTHER_OVERHEAD = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";
const NO_OVERHEAD = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead";

function areEqual(one: Amounts, other: Amounts): boolean {
  const names = Object.keys(one);
  if (names.length !== Object.keys(other).length) return false;
  return names.every((name) => {
    const [left, right] = [one[name], other[name]];
    return left !== undefined && right !== undefined && compareQuantities(left, right) === 0;
  });
}

function setOverhead(request: AdmissionRequest, { spec }: Pod, { overhead }: RuntimeClass): void {
  if (overhead === undefined) return;
  const { podFixed } = overhead;
  if (spec.overhead !== undefined && !areEqual(podFixed ?? {}, spec.overhead)) throw refuse(request, OTHER_OVERHEAD);
  if (podFixed !== undefined) spec.overhead = { ...podFixed };
}

function setScheduling(request: AdmissionRequest, { spec }: Pod, { scheduling }: RuntimeClass): void {
  if (scheduling === undefined) return;
  const { nodeSelector, tolerations = [] } = scheduling;
  for (const [key, value] of Object.entries(nodeSelector ?? {})) {
    const own = spec.nodeSelector?.[key];
    if (own === undefined || own === value) continue;
    const why = `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`;
    throw refuse(request, why);
  }
  if (nodeSelector !== undefined) spec.nodeSelector = { ...spec.nodeSelector, ...nodeSelector };
  const merged = mergeTolerations(spec.tolerations ?? [], tolerations);
  if (merged.length > 0) spec.tolerations = merged;
}

export function runtimeClassAdmission({ reader, storage }: RuntimeClassOptions): AdmissionPlugin {
  const classOf = async (request: AdmissionRequest, { spec }: Pod): Promise<RuntimeClass | undefined> => {
    const name = spec.runtimeClassName;
    if (name === undefined) return undefined;
    const found =
      reader.get(runtimeClasses, undefined, name) ?? (await storedObject(storage, runtimeClasses, "", name));
    if (found === undefined) throw refuse(request, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
    return found;
  };
  return {
    name: "RuntimeClass",
    mutate: async (request) => {
      const pod = request.operation === "CREATE" ? podOf(request) : undefined;
      const runtimeClass = pod && (await classOf(request, pod));
      if (pod === undefined || runtimeClass === undefined) return;
      setOverhead(request, pod, runtimeClass);
      setScheduling(request, pod, runtimeClass);
    },
    validate: async (request) => {
      const pod = request.operation === "CREATE" ? podOf(request) : undefined;
      if (pod === undefined) return;
      const overhead = (await classOf(request, pod))?.overhead;
      if (overhead === undefined) {
        if (pod.spec.overhead !== undefined) throw refuse(request, NO_OVERHEAD);
      } else if (!areEqual(overhead.podFixed ?? {}, pod.spec.overhead ?? {})) throw refuse(request, OTHER_OVERHEAD);
    },
  };
}
