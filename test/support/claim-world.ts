/**
 * Claims and volumes for the binder's plans: a live state with revisions, as the API keeps it, and caches that see it
 * only when they are told to. What a plan wants is done to the live state, with the preconditions of the executor, and
 * may be broken off after any write.
 */
import { planClaim } from "../../controller-manager/controllers/persistentvolume-binder/claim-plan.ts";
import { planVolume } from "../../controller-manager/controllers/persistentvolume-binder/volume-plan.ts";
import type { AnyAction, Plan, PlannedEvent } from "../../controller-manager/runtime/plan.ts";
import { OWN_INDEXES } from "../../controller-manager/runtime/shared-informers.ts";
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../../shared/api/generated/core/v1.ts";
import type { StorageClass } from "../../shared/api/generated/storage/v1.ts";
import { ObjectStore } from "../../shared/informer/store.ts";
import { deepEqual } from "../../shared/machinery/deep-equal.ts";
import { applyMergePatch } from "../../shared/machinery/merge-patch.ts";
import { type KubeObject, objectKey } from "../../shared/resources/resource.ts";

export type Kind = "claims" | "volumes";
const PLURALS = { claims: "persistentvolumeclaims", volumes: "persistentvolumes", pods: "pods" } as const;

export class ClaimWorld {
  readonly live: Record<Kind, Map<string, KubeObject>> = { claims: new Map(), volumes: new Map() };
  readonly claims = new ObjectStore<PersistentVolumeClaim>(OWN_INDEXES[PLURALS.claims]);
  readonly volumes = new ObjectStore<PersistentVolume>(OWN_INDEXES[PLURALS.volumes]);
  readonly pods = new ObjectStore<Pod>(OWN_INDEXES[PLURALS.pods]);
  readonly classes = new ObjectStore<StorageClass>();
  readonly events: PlannedEvent[] = [];
  #revision = 0;

  #put(kind: Kind, object: KubeObject): KubeObject {
    this.#revision += 1;
    const next = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#revision) } };
    this.live[kind].set(objectKey(next), next);
    return next;
  }

  /** A new object, seen by the caches at once when `isSeen`. */
  create(kind: Kind, object: PersistentVolume | PersistentVolumeClaim, isSeen = true): void {
    if (this.live[kind].has(objectKey(object))) return;
    const uid = `uid-${this.#revision}`;
    this.#put(kind, { ...object, metadata: { ...object.metadata, uid } });
    if (isSeen) this.see(kind, objectKey(object));
  }

  remove(kind: Kind, key: string): void {
    this.live[kind].delete(key);
  }

  /** The caches catch up about one object. */
  see(kind: Kind, key: string): void {
    const store: ObjectStore<never> = this[kind] as never;
    const object = this.live[kind].get(key);
    if (object === undefined) store.remove(key);
    else store.put(object as never);
  }

  seeAll(): void {
    for (const kind of ["claims", "volumes"] as const) {
      for (const key of [...this.live[kind].keys(), ...this[kind].keys()]) this.see(kind, key);
    }
  }

  claim(name: string): PersistentVolumeClaim | undefined {
    return this.live.claims.get(`ns/${name}`) as PersistentVolumeClaim | undefined;
  }

  volume(name: string): PersistentVolume | undefined {
    return this.live.volumes.get(name) as PersistentVolume | undefined;
  }

  /** One round for one object, broken off after `writesMax` writes; true when it wrote something. */
  reconcile(kind: Kind, key: string, writesMax = Number.POSITIVE_INFINITY): boolean {
    const { claims, volumes, classes, pods } = this;
    const object = this[kind].getByKey(key);
    if (object === undefined) return false;
    const plan: Plan<never, never> =
      kind === "claims"
        ? (planClaim(object as PersistentVolumeClaim, { self: claims, volumes, classes, pods }) as never)
        : (planVolume(object as PersistentVolume, { self: volumes, claims }) as never);
    this.events.push(...(plan.events ?? []));
    return this.#carryOut(kind, object, plan, writesMax);
  }

  #carryOut(kind: Kind, object: KubeObject, plan: Plan<never, never>, writesMax: number): boolean {
    let [current, left] = [object, writesMax];
    for (const action of plan.actions as unknown as readonly AnyAction[]) {
      if (left-- <= 0) return true;
      const answer = this.#write(action);
      if (answer === undefined) return writesMax - left > 1;
      if (answer.metadata.uid === current.metadata.uid) current = answer;
    }
    const status: unknown = plan.status;
    const before: unknown = "status" in current ? current.status : undefined;
    if (status !== undefined && left > 0 && !deepEqual(before, status)) {
      if (!this.#isCurrent(kind, current)) return plan.actions.length > 0;
      this.#put(kind, { ...current, status } as KubeObject);
      return true;
    }
    return plan.actions.length > 0;
  }

  #isCurrent(kind: Kind, object: KubeObject): boolean {
    const live = this.live[kind].get(objectKey(object))?.metadata;
    return live?.resourceVersion === object.metadata.resourceVersion && live?.uid === object.metadata.uid;
  }

  /** The written object; nothing when the API would refuse. */
  #write(action: AnyAction): KubeObject | undefined {
    const kind = action.resource as Kind;
    if (this.#isPresent(action)) return undefined;
    if (action.onSuccess !== undefined) this.events.push(action.onSuccess);
    if (action.verb === "update" || action.verb === "updateStatus") {
      return this.#isCurrent(kind, action.object) ? this.#put(kind, action.object) : undefined;
    }
    if (action.verb !== "patch") throw new Error(`the binder does not ${action.verb}`);
    const live = this.live[kind].get(objectKey(action.target));
    if (live?.metadata.uid !== action.target.metadata.uid || live === undefined) return undefined;
    return this.#put(kind, applyMergePatch(live as never, action.patch as never) as never);
  }

  #isPresent({ needsAbsence }: AnyAction): boolean {
    if (needsAbsence === undefined) return false;
    const { resource, namespace, name = "", uid } = needsAbsence;
    const kind = resource.plural === PLURALS.claims ? "claims" : "volumes";
    const live = this.live[kind].get(namespace === undefined ? name : `${namespace}/${name}`);
    return live !== undefined && (uid === undefined || live.metadata.uid === uid);
  }
}
