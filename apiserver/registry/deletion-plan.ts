/**
 * What a DELETE does to an object: pure (upstream: `registry/rest/delete.go` and the finalizer functions of
 * `generic/registry/store.go`).
 *
 * F1  The time an object has left only shrinks. F2  Nothing goes while it has finalizers or other holders.
 * F3  The finalizers of propagation are only set by the delete that begins the deletion.
 */
import type { DeleteOptions } from "../../shared/api/generated/meta/v1.ts";
import { clone } from "../../shared/machinery/clone.ts";
import { rfc3339 } from "../../shared/process/clock.ts";
import type { KubeObject } from "../../shared/resources/resource.ts";
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from "./finalizers.ts";
import type { ObjectStrategy } from "./object-strategy.ts";

export type DeletionPlan =
  /** Take it out of the store. */
  | { readonly kind: "remove" }
  /** Store `next`: it stays until grace or finalizers are over. */
  | { readonly kind: "mark"; readonly next: KubeObject }
  /** It is on its way out and this delete changes nothing. */
  | { readonly kind: "pending" };

function holders(strategy: ObjectStrategy, object: KubeObject): readonly string[] {
  return [...(object.metadata.finalizers ?? []), ...(strategy.deletionHolders?.(object) ?? [])];
}

/** True when a marked object has no grace, no finalizers and no other holders left. */
export function isReadyToGo(strategy: ObjectStrategy, object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds } = object.metadata;
  return deletionTimestamp !== undefined && deletionGracePeriodSeconds === 0 && holders(strategy, object).length === 0;
}

/** The finalizer that the propagation asks for: explicit, then what is there already, then the kind's default. */
function propagationFinalizer(
  strategy: ObjectStrategy,
  object: KubeObject,
  options: DeleteOptions,
): string | undefined {
  if (options.orphanDependents !== undefined) return options.orphanDependents ? ORPHAN_FINALIZER : undefined;
  const finalizers = object.metadata.finalizers ?? [];
  switch (options.propagationPolicy ?? "") {
    case "Orphan":
      return ORPHAN_FINALIZER;
    case "Foreground":
      return FOREGROUND_FINALIZER;
    case "Background":
      return undefined;
    default:
      if (finalizers.includes(ORPHAN_FINALIZER)) return ORPHAN_FINALIZER;
      if (finalizers.includes(FOREGROUND_FINALIZER)) return FOREGROUND_FINALIZER;
      if (strategy.defaultPropagation === "Orphan") return ORPHAN_FINALIZER;
      return strategy.defaultPropagation === "Foreground" ? FOREGROUND_FINALIZER : undefined;
  }
}

function setPropagation(strategy: ObjectStrategy, object: KubeObject, options: DeleteOptions): void {
  const wanted = propagationFinalizer(strategy, object, options);
  const { metadata } = object;
  const others = (metadata.finalizers ?? []).filter(
    (name) => name !== ORPHAN_FINALIZER && name !== FOREGROUND_FINALIZER,
  );
  const all = wanted === undefined ? others : [...others, wanted];
  if (all.length > 0) metadata.finalizers = all;
  else delete metadata.finalizers;
}

/** Seconds that the options ask for, negative ones as the shortest there is. */
function requestedGrace(options: DeleteOptions): number | undefined {
  const { gracePeriodSeconds } = options;
  return gracePeriodSeconds !== undefined && gracePeriodSeconds < 0 ? 1 : gracePeriodSeconds;
}

function mark(strategy: ObjectStrategy, object: KubeObject, graceSeconds: number, nowMs: number): void {
  const { metadata } = object;
  const isFirst = metadata.deletionTimestamp === undefined;
  if (isFirst && (metadata.generation ?? 0) > 0) metadata.generation = (metadata.generation ?? 0) + 1;
  metadata.deletionTimestamp ??= rfc3339(nowMs + graceSeconds * 1000);
  metadata.deletionGracePeriodSeconds = graceSeconds;
  if (isFirst) strategy.prepareForDeletion?.(object);
}

/** A shorter grace for what is being deleted already: the end moves, the start stays (F1). */
function shorten(object: KubeObject, graceSeconds: number): void {
  const { metadata } = object;
  const startMs = Date.parse(metadata.deletionTimestamp ?? "") - (metadata.deletionGracePeriodSeconds ?? 0) * 1000;
  metadata.deletionTimestamp = rfc3339(startMs + graceSeconds * 1000);
  metadata.deletionGracePeriodSeconds = graceSeconds;
}

function planAgain(strategy: ObjectStrategy, object: KubeObject, options: DeleteOptions): DeletionPlan {
  const left = object.metadata.deletionGracePeriodSeconds ?? 0;
  const wanted = requestedGrace(options);
  const canShorten = strategy.gracePeriodSeconds !== undefined && wanted !== undefined && wanted < left;
  if (left > 0 && !canShorten) return { kind: "pending" };
  const next = clone(object);
  if (canShorten) shorten(next, wanted);
  const isOver = (next.metadata.deletionGracePeriodSeconds ?? 0) === 0;
  if (isOver && holders(strategy, next).length === 0) return { kind: "remove" };
  return canShorten ? { kind: "mark", next } : { kind: "pending" };
}

/** `object` is what is stored; it is not changed. */
export function planDeletion(
  strategy: ObjectStrategy,
  object: KubeObject,
  options: DeleteOptions,
  nowMs: number,
): DeletionPlan {
  if (object.metadata.deletionTimestamp !== undefined) return planAgain(strategy, object, options);
  const next = clone(object);
  setPropagation(strategy, next, options);
  const graceSeconds = strategy.gracePeriodSeconds?.(object, requestedGrace(options)) ?? 0;
  if (graceSeconds === 0 && holders(strategy, next).length === 0) return { kind: "remove" };
  mark(strategy, next, graceSeconds, nowMs);
  return { kind: "mark", next };
}
