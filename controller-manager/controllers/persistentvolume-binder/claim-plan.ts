/** Which volume a claim gets, or what it waits for (upstream: `syncClaim` in `pkg/controller/volume/persistentvolume`). */
import type { PersistentVolume, PersistentVolumeClaim } from "../../../shared/api/generated/core/v1.ts";
import type { StorageClass } from "../../../shared/api/generated/storage/v1.ts";
import {
  BETA_STORAGE_PROVISIONER,
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  boundVolume,
  defaultClassOf,
  hasAnnotation,
  isBoundTo,
  lacksClass,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
  storageClassNameOf,
  withAnnotations,
} from "../../../shared/machinery/claims.ts";
import { findVolume, whyUnsuitable } from "../../../shared/machinery/volume-matching.ts";
import {
  persistentVolumes,
  type persistentVolumeClaims,
  type pods,
  type storageClasses,
} from "../../../shared/resources/catalog.ts";
import { objectKey } from "../../../shared/resources/resource.ts";
import { isFinished } from "../../pods/pod-state.ts";
import type { Plan, PlannedEvent } from "../../runtime/plan.ts";
import type { World } from "../../runtime/resource-map.ts";
import { BY_CLAIM, FREE_BY_CLASS } from "../../runtime/shared-informers.ts";
import { boundClaim, boundStatus, unboundStatus } from "./binding.ts";

export type Reads = {
  readonly volumes: typeof persistentVolumes;
  readonly classes: typeof storageClasses;
  readonly pods: typeof pods;
};
export type Writes = {
  readonly claims: typeof persistentVolumeClaims;
  readonly volumes: typeof persistentVolumes;
};
type ClaimWorld = World<PersistentVolumeClaim, Reads>;
type ClaimPlan = Plan<PersistentVolumeClaim, Writes>;

/** Provisioners of upstream's own, which are not there. */
const IN_TREE = "kubernetes.io/";

const event = (type: "Normal" | "Warning", reason: string, message: string): PlannedEvent => ({
  type,
  reason,
  message,
});

export function planClaim(claim: PersistentVolumeClaim, world: ClaimWorld): ClaimPlan {
  if (hasAnnotation(claim, BIND_COMPLETED)) return planCompleted(claim, world);
  const { volumeName = "" } = claim.spec;
  return volumeName === "" ? planAnyVolume(claim, world) : planWantedVolume(claim, world, volumeName);
}

/** Writes what is missing of a binding, the volume's side first: who comes late sees it taken. */
function bind(claim: PersistentVolumeClaim, volume: PersistentVolume): ClaimPlan {
  const [nextVolume, nextClaim] = [boundVolume(volume, claim), boundClaim(claim, volume)];
  return {
    actions: [
      ...(nextVolume === undefined ? [] : [{ verb: "update", resource: "volumes", object: nextVolume } as const]),
      ...(nextClaim === undefined ? [] : [{ verb: "update", resource: "claims", object: nextClaim } as const]),
    ],
    status: boundStatus(claim, volume),
    statusAfterFailure: () => claim.status ?? {},
  };
}

const wait = (claim: PersistentVolumeClaim, ...events: readonly PlannedEvent[]): ClaimPlan => ({
  actions: [],
  status: unboundStatus(claim, "Pending"),
  events,
});

/** The user named a volume. */
function planWantedVolume(claim: PersistentVolumeClaim, world: ClaimWorld, name: string): ClaimPlan {
  const volume = world.volumes.get(undefined, name);
  if (volume === undefined) return wait(claim);
  if (isBoundTo(volume, claim)) return bind(claim, volume);
  const quoted = JSON.stringify(name);
  if (volume.spec.claimRef !== undefined) {
    const taken = event("Warning", "FailedBinding", `volume ${quoted} already bound to a different claim.`);
    return hasAnnotation(claim, BOUND_BY_CONTROLLER) ? { actions: [], events: [taken] } : wait(claim, taken);
  }
  const problem = whyUnsuitable(claim, volume);
  if (problem === undefined) return bind(claim, volume);
  return wait(claim, event("Warning", "VolumeMismatch", `Cannot bind to requested volume ${quoted}: ${problem}`));
}

function planAnyVolume(claim: PersistentVolumeClaim, world: ClaimWorld): ClaimPlan {
  const className = storageClassNameOf(claim);
  const storageClass = className === "" ? undefined : world.classes.get(undefined, className);
  const isDelayed = storageClass?.volumeBindingMode === "WaitForFirstConsumer";
  const reserved = world.volumes.byIndex(BY_CLAIM, objectKey(claim));
  const free = isDelayed ? [] : world.volumes.byIndex(FREE_BY_CLASS, className);
  const volume = findVolume(claim, [...reserved, ...free]);
  if (volume !== undefined) return bind(claim, volume);
  const fallback = lacksClass(claim) ? defaultClassOf(world.classes.list()) : undefined;
  if (fallback !== undefined) {
    const spec = { ...claim.spec, storageClassName: fallback.metadata.name };
    return { actions: [{ verb: "update", resource: "claims", object: { ...claim, spec } }] };
  }
  if (isDelayed && !hasAnnotation(claim, SELECTED_NODE)) return wait(claim, waitingForPod(claim, world));
  if (className !== "") return provision(claim, className, storageClass);
  const message = "no persistent volumes available for this claim and no storage class is set";
  return wait(claim, event("Normal", "FailedBinding", message));
}

/** The scheduler decides: it knows on which node the volume is needed. */
function waitingForPod(claim: PersistentVolumeClaim, world: ClaimWorld): PlannedEvent {
  const names = world.pods
    .byIndex(BY_CLAIM, objectKey(claim))
    .filter((pod) => !isFinished(pod) && (pod.spec.nodeName ?? "") === "")
    .map(({ metadata }) => metadata.name);
  if (names.length === 0) {
    return event("Normal", "WaitForFirstConsumer", "waiting for first consumer to be created before binding");
  }
  const pods = names.length === 1 ? "pod" : "pods";
  return event("Normal", "WaitForPodScheduled", `waiting for ${pods} ${names.join(",")} to be scheduled`);
}

/** Tells the provisioner of the class that it is its turn. */
function provision(claim: PersistentVolumeClaim, className: string, storageClass: StorageClass | undefined): ClaimPlan {
  if (storageClass === undefined) {
    const missing = `storageclass.storage.k8s.io ${JSON.stringify(className)} not found`;
    return wait(claim, event("Warning", "ProvisioningFailed", missing));
  }
  const { provisioner } = storageClass;
  if (provisioner.startsWith(IN_TREE)) {
    return wait(claim, event("Warning", "ProvisioningFailed", `no volume plugin matched name: ${provisioner}`));
  }
  const waiting = event(
    "Normal",
    "ExternalProvisioning",
    `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`,
  );
  const { annotations } = claim.metadata;
  const isTold = [STORAGE_PROVISIONER, BETA_STORAGE_PROVISIONER].every((name) => annotations?.[name] === provisioner);
  if (isTold) return wait(claim, waiting);
  const told = { [BETA_STORAGE_PROVISIONER]: provisioner, [STORAGE_PROVISIONER]: provisioner };
  const object = withAnnotations(claim, told);
  return { ...wait(claim), actions: [{ verb: "update", resource: "claims", object, onSuccess: waiting }] };
}

/** The claim was bound before: it stays so, or it is lost. */
function planCompleted(claim: PersistentVolumeClaim, world: ClaimWorld): ClaimPlan {
  const { volumeName = "" } = claim.spec;
  if (volumeName === "") {
    const message = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!";
    return lose(claim, event("Warning", "ClaimLost", message), undefined);
  }
  const volume = world.volumes.get(undefined, volumeName);
  if (volume === undefined) {
    const message = "Bound claim has lost its PersistentVolume. Data on the volume is lost!";
    return lose(claim, event("Warning", "ClaimLost", message), volumeName);
  }
  if (volume.spec.claimRef === undefined || volume.spec.claimRef.uid === claim.metadata.uid) return bind(claim, volume);
  const message = "Two claims are bound to the same volume, this one is bound incorrectly";
  return lose(claim, event("Warning", "ClaimMisbound", message), undefined);
}

function lose(claim: PersistentVolumeClaim, why: PlannedEvent, missing: string | undefined): ClaimPlan {
  if (claim.status?.phase === "Lost") return { actions: [] };
  const needsAbsence = missing === undefined ? undefined : { resource: persistentVolumes, name: missing };
  const object = { ...claim, status: unboundStatus(claim, "Lost") };
  return { actions: [{ verb: "updateStatus", resource: "claims", object, needsAbsence, onSuccess: why }] };
}
