/**
 * Deletes what has lost all its owners, and carries out foreground and orphaning deletion (upstream:
 * `pkg/controller/garbagecollector`).
 *
 * Invariants:
 * G4 An owner counts as absent only when its deletion was seen, or when a live read found nothing, or another UID.
 * G5 Every deletion has the UID and the revision that the verdict was made from as its precondition: an object that
 *    was given a new owner meanwhile stays.
 */
import { isConflict, isNotFound } from "../../../shared/errors/status-error.ts";
import type { KubeObject } from "../../../shared/resources/resource.ts";
import type { WorkQueue } from "../../../shared/workqueue/work-queue.ts";
import type { DiscoveredResource } from "../../discovery/discovery.ts";
import { defineLoop, type LoopContext, workOn } from "../../runtime/define-loop.ts";
import {
  FOREGROUND_FINALIZER,
  type GraphNode,
  type GraphWork,
  ORPHAN_FINALIZER,
  orphansDependents,
  OwnershipGraph,
} from "./graph.ts";
import { MetadataInformers } from "./metadata-informers.ts";
import { judge } from "./verdict-plan.ts";

type Nothing = Readonly<Record<string, never>>;

const WORKERS = 20;

export const garbageCollector = defineLoop({
  name: "generic-garbage-collector",
  reads: {},
  writes: {},
  eventSource: "garbage-collector-controller",
  rules: [
    { apiGroups: ["*"], resources: ["*"], verbs: ["delete", "get", "list", "patch", "update", "watch"] },
    { nonResourceURLs: ["/api", "/api/*", "/apis", "/apis/*"], verbs: ["get"] },
  ],
  run: (context) => new Collector(context).run(),
});

class Collector {
  readonly #context: LoopContext<Nothing, Nothing>;
  readonly #graph = new OwnershipGraph();
  readonly #checks: WorkQueue<string>;
  readonly #orphanings: WorkQueue<string>;
  readonly #informers: MetadataInformers;

  constructor(context: LoopContext<Nothing, Nothing>) {
    this.#context = context;
    this.#checks = context.createQueue("garbage_collector_attempt_to_delete");
    this.#orphanings = context.createQueue("garbage_collector_attempt_to_orphan");
    this.#informers = new MetadataInformers({ ...context, handlersFor: (resource) => this.#handlersFor(resource) });
  }

  async run(): Promise<void> {
    const synced = Promise.withResolvers<void>();
    const following = this.#informers.run(() => synced.resolve());
    await Promise.race([synced.promise, following]);
    await Promise.all([
      following,
      workOn(this.#checks, WORKERS, (uid) => this.#check(uid), this.#context),
      workOn(this.#orphanings, WORKERS, (uid) => this.#orphan(uid), this.#context),
    ]);
  }

  #handlersFor(resource: DiscoveredResource) {
    return {
      onAdd: (object: KubeObject) => this.#enqueue(this.#graph.put(resource, object)),
      onUpdate: (object: KubeObject) => this.#enqueue(this.#graph.put(resource, object)),
      onDelete: (object: KubeObject) => this.#enqueue(this.#graph.remove(object.metadata.uid ?? "")),
    };
  }

  #enqueue({ toCheck, toOrphan }: GraphWork): void {
    for (const uid of toCheck) this.#checks.add(uid);
    for (const uid of toOrphan) this.#orphanings.add(uid);
  }

  async #check(uid: string): Promise<void> {
    const node = this.#graph.get(uid);
    if (node === undefined) return;
    const verdict = judge(this.#graph, node);
    switch (verdict.kind) {
      case "keep":
        return;
      case "lookUp":
        return this.#lookUp(verdict.uid, uid);
      case "delete":
        return this.#delete(node, verdict.propagation);
      case "dropOwners":
        return this.#patch(node, { ownerReferences: verdict.uids.map((owner) => ({ $patch: "delete", uid: owner })) });
      case "finishForeground":
        return this.#removeFinalizer(node, FOREGROUND_FINALIZER);
      case "awaitDependents":
        for (const dependent of verdict.uids) this.#checks.add(dependent);
        return;
      case "breakCircle":
        await Promise.all(verdict.dependents.map((dependent) => this.#unblock(dependent, uid)));
        return this.#delete(node, "Foreground");
      default:
        return verdict satisfies never;
    }
  }

  /** G4: is the owner there? `askedFor` is looked at again when it is not. */
  async #lookUp(uid: string, askedFor: string): Promise<void> {
    const claim = this.#graph.get(uid)?.claimedAt;
    if (claim === undefined) return;
    const { reference, namespace } = claim;
    const resource = this.#informers.find(reference.apiVersion, reference.kind);
    // A kind that the server does not have (yet): asked again later, deleting nothing.
    if (resource === undefined) throw new Error(`no resource for owner ${reference.apiVersion} ${reference.kind}`);
    const isNamespaced = resource.scope === "Namespaced";
    // A cluster-scoped object cannot be owned by a namespaced one: the reference says nothing.
    if (isNamespaced && namespace === undefined) return;
    const at = { name: reference.name, ...(isNamespaced ? { namespace } : {}) };
    const { client, signal } = this.#context;
    try {
      const live = await client.get(resource, at, signal);
      if (live.metadata.uid === uid) return this.#enqueue(this.#graph.put(resource, live));
    } catch (err) {
      if (!isNotFound(err)) throw err;
    }
    this.#enqueue(this.#graph.remove(uid));
    if (askedFor !== uid) this.#checks.add(askedFor);
  }

  /** G5 */
  async #delete({ object, resource }: GraphNode, propagationPolicy: string): Promise<void> {
    if (object === undefined || resource === undefined) return;
    const { client, signal } = this.#context;
    const { uid, resourceVersion } = object.metadata;
    try {
      await client.delete(
        resource,
        object.metadata,
        { preconditions: { uid, resourceVersion }, propagationPolicy },
        signal,
      );
    } catch (err) {
      if (isNotFound(err)) return;
      if (isConflict(err)) return this.#takeLive(object, resource);
      throw err;
    }
  }

  /** Our copy is old: takes the live one into the graph, and looks again. */
  async #takeLive(object: KubeObject, resource: DiscoveredResource): Promise<void> {
    const { client, signal } = this.#context;
    const { uid = "" } = object.metadata;
    try {
      const live = await client.get(resource, object.metadata, signal);
      this.#enqueue(live.metadata.uid === uid ? this.#graph.put(resource, live) : this.#graph.remove(uid));
    } catch (err) {
      if (!isNotFound(err)) throw err;
      this.#enqueue(this.#graph.remove(uid));
    }
    this.#checks.addRateLimited(uid);
  }

  async #patch({ object, resource }: GraphNode, metadata: object): Promise<void> {
    if (object === undefined || resource === undefined) return;
    const { client, signal } = this.#context;
    try {
      const patch = { metadata: { ...metadata, uid: object.metadata.uid } };
      await client.patch(resource, object.metadata, "strategic", patch, { signal });
    } catch (err) {
      if (!isNotFound(err)) throw err;
    }
  }

  async #unblock(dependentUid: string, ownerUid: string): Promise<void> {
    const dependent = this.#graph.get(dependentUid);
    const reference = dependent?.owners.find(({ uid }) => uid === ownerUid);
    if (dependent === undefined || reference === undefined) return;
    await this.#patch(dependent, { ownerReferences: [{ ...reference, blockOwnerDeletion: false }] });
  }

  async #orphan(uid: string): Promise<void> {
    const node = this.#graph.get(uid);
    if (node === undefined || !orphansDependents(node)) return;
    const forget = { ownerReferences: [{ $patch: "delete", uid }] };
    await Promise.all([...node.dependents].map((dependent) => this.#patch(dependent, forget)));
    await this.#removeFinalizer(node, ORPHAN_FINALIZER);
  }

  /** Takes the finalizer from the live object, with its revision as the precondition. */
  async #removeFinalizer({ object, resource, uid }: GraphNode, finalizer: string): Promise<void> {
    if (object === undefined || resource === undefined) return;
    const { client, signal } = this.#context;
    try {
      const { metadata } = await client.get(resource, object.metadata, signal);
      if (metadata.uid !== uid || metadata.finalizers?.includes(finalizer) !== true) return;
      const finalizers = metadata.finalizers.filter((each) => each !== finalizer);
      const patch = { metadata: { resourceVersion: metadata.resourceVersion, uid, finalizers } };
      await client.patch(resource, object.metadata, "merge", patch, { signal });
    } catch (err) {
      if (!isNotFound(err)) throw err;
    }
  }
}
