/** Fields of `metadata` that are the server's (apiserver `pkg/registry/rest/meta.go`, `create.go`, `update.go`). */
import { badRequest } from "../../shared/errors/status-error.ts";
import { deepEqual } from "../../shared/machinery/deep-equal.ts";
import type { KubeObject } from "../../shared/resources/resource.ts";
import type { ObjectStrategy } from "./object-strategy.ts";

/** Gives the object the namespace of its URL; 400 when it names another. */
export function matchNamespace(object: KubeObject, namespace: string): void {
  const { metadata } = object;
  if (namespace === "") {
    delete metadata.namespace;
    return;
  }
  if (metadata.namespace === undefined || metadata.namespace === "") metadata.namespace = namespace;
  if (metadata.namespace === namespace) return;
  throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
}

/** What a new object gets and what it may not bring. */
export function fillSystemFields(object: KubeObject, uid: string, now: string): void {
  const { metadata } = object;
  metadata.uid = uid;
  metadata.creationTimestamp = now;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.selfLink;
}

/** Puts back what an update may leave out or may not touch. */
export function keepSystemFields(next: KubeObject, previous: KubeObject): void {
  const { metadata } = next;
  const old = previous.metadata;
  if (metadata.uid === undefined || metadata.uid === "") metadata.uid = old.uid;
  metadata.creationTimestamp = old.creationTimestamp;
  metadata.generation = old.generation;
  if (old.deletionTimestamp !== undefined) metadata.deletionTimestamp = old.deletionTimestamp;
  metadata.deletionGracePeriodSeconds ??= old.deletionGracePeriodSeconds;
  delete metadata.selfLink;
}

function specOf(object: KubeObject): unknown {
  return "spec" in object ? object.spec : undefined;
}

/** Counts a generation up when what it stands for has changed. */
export function bumpGeneration(strategy: ObjectStrategy, next: KubeObject, previous: KubeObject): void {
  if (strategy.hasGeneration !== true) return;
  const of = strategy.generationOf?.bind(strategy) ?? specOf;
  if (!deepEqual(of(next), of(previous))) next.metadata.generation = (previous.metadata.generation ?? 0) + 1;
}

/** Puts back what some kinds do not let `/status` change (`ResetObjectMetaForStatus` of `apimachinery/pkg/apis/meta/v1`). */
export function keepMetadataForStatus(next: KubeObject, previous: KubeObject): void {
  const { labels, annotations, finalizers, ownerReferences } = previous.metadata;
  Object.assign(next.metadata, { labels, annotations, finalizers, ownerReferences });
}
