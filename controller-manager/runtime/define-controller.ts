/**
 * A controller is a declaration and a pure plan (D11): which kind it reconciles, what it reads and writes, what wakes
 * it up, and `reconcile(object, world, nowMs) → Plan`. Everything else is this file and the executor.
 *
 * Invariants:
 * C1 `reconcile` is synchronous and total: no client, no clock, no randomness. Its world does not change under it.
 * C2 A key is worked on by one worker at a time, and only when its own writes have been seen (pending-writes.ts).
 * C3 A plan that fails is made again, later and later; an error never ends the controller.
 */
import { deepEqual } from "../../shared/machinery/deep-equal.ts";
import { controllerOf } from "../../shared/machinery/ownership.ts";
import { isNotFound } from "../../shared/errors/status-error.ts";
import type { EventRecorder } from "../../shared/events/event-recorder.ts";
import type { Informer } from "../../shared/informer/lister.ts";
import type { Logger } from "../../shared/process/logger.ts";
import {
  apiVersionOf,
  groupResourceOf,
  type KubeObject,
  objectKey,
  type Resource,
} from "../../shared/resources/resource.ts";
import { createWorkQueue, type WorkQueue } from "../../shared/workqueue/work-queue.ts";
import { execute, type ExecutorOptions, type Outcome, type Written } from "./executor.ts";
import { grantsOf } from "./grants.ts";
import { GATE_TIMEOUT_MS, PendingWrites } from "./pending-writes.ts";
import type { AnyAction, Plan, PlannedEvent, StatusOf } from "./plan.ts";
import type { ObjectOf, ResourceMap, World } from "./resource-map.ts";
import type { ControllerServices, RunnableController } from "./services.ts";

/** Wakes the controller when an object of a declared read changes: `keys` names those to look at. */
export type TriggerOn<T extends KubeObject, Reads extends ResourceMap> = {
  [Name in keyof Reads & string]: {
    readonly on: Name;
    /** Keys (`namespace/name`) for that state of the object; called for the state before and after a change. */
    readonly keys: (object: ObjectOf<Reads[Name]>, world: World<T, Reads>) => Iterable<string>;
  };
}[keyof Reads & string];

/** The keys of the controllers of changed objects: for `triggers`, with a kind that the reconciled kind owns. */
export interface OwnedBy<Name extends string> {
  readonly on: Name;
  readonly ownedBy: true;
}

type OwnedByOf<Reads extends ResourceMap> = { [Name in keyof Reads & string]: OwnedBy<Name> }[keyof Reads & string];

export function ownedBy<Name extends string>(on: Name): OwnedBy<Name> {
  return { on, ownedBy: true };
}

export interface ControllerDeclaration<T extends KubeObject, Reads extends ResourceMap, Writes extends ResourceMap> {
  readonly name: string;
  readonly reconciles: Resource<T>;
  readonly reads: Reads;
  readonly writes: Writes;
  readonly triggers: readonly (TriggerOn<T, Reads> | OwnedByOf<Reads>)[];
  readonly reconcile: (object: T, world: World<T, Reads>, nowMs: number) => Plan<T, Writes>;
  /** For an object that is gone; nothing is done then when left out. */
  readonly reconcileGone?:
    | ((at: { namespace: string | undefined; name: string }, world: World<T, Reads>) => Plan<T, Writes>)
    | undefined;
  /** False when its plans never have a status. */
  readonly writesStatus?: boolean | undefined;
  /** Name of the queue in metrics, where upstream has another than the controller's. */
  readonly queueName?: string | undefined;
  /** The source of its events, as upstream names it; the controller's name when left out. */
  readonly eventSource?: string | undefined;
  readonly workers?: number | undefined;
}

/** Keys that are worked on at a time, as upstream's `--concurrent-…-syncs`. */
const WORKERS = 5;

/** Checks the declaration's types, and forgets them. */
export function defineController<T extends KubeObject, Reads extends ResourceMap, Writes extends ResourceMap>(
  declaration: ControllerDeclaration<T, Reads, Writes>,
): RunnableController {
  const { name, reconciles, reads, writes, writesStatus = true } = declaration;
  return {
    name,
    grants: grantsOf({ reconciles, writesStatus, reads, writes }),
    run: (services) => new ControllerRun(declaration, services).run(),
  };
}

class ControllerRun<T extends KubeObject, Reads extends ResourceMap, Writes extends ResourceMap> {
  readonly #declaration: ControllerDeclaration<T, Reads, Writes>;
  readonly #services: ControllerServices;
  readonly #logger: Logger;
  readonly #recorder: EventRecorder;
  readonly #queue: WorkQueue<string>;
  readonly #pending = new PendingWrites();
  readonly #informer: Informer<T>;
  readonly #informers: ReadonlyMap<string, Informer<KubeObject>>;
  readonly #world: World<T, Reads>;

  constructor(declaration: ControllerDeclaration<T, Reads, Writes>, services: ControllerServices) {
    const { name, queueName = name, eventSource = name, reads, reconciles } = declaration;
    this.#declaration = declaration;
    this.#services = services;
    this.#logger = services.logger.child({ controller: name });
    this.#recorder = services.recorderFor(eventSource);
    this.#queue = createWorkQueue<string>({ clock: services.clock, observer: services.observerFor(queueName) });
    this.#informer = services.informers.of(reconciles);
    this.#informers = new Map(Object.entries(reads).map(([key, resource]) => [key, services.informers.of(resource)]));
    const listers = Object.fromEntries([...this.#informers].map(([key, informer]) => [key, informer.lister]));
    // The one place where the mapped type is built from its parts.
    this.#world = { ...listers, self: this.#informer.lister } as World<T, Reads>;
  }

  async run(): Promise<void> {
    const { signal } = this.#services;
    const removeHandlers = this.#listen();
    try {
      await Promise.all([this.#informer, ...this.#informers.values()].map((informer) => informer.waitForSync(signal)));
    } catch (err) {
      if (signal.aborted) return;
      throw err;
    }
    this.#logger.info({}, "caches are synced: starting");
    const stop = (): void => this.#queue.shutDown();
    signal.addEventListener("abort", stop, { once: true });
    await Promise.all(Array.from({ length: this.#declaration.workers ?? WORKERS }, () => this.#work()));
    for (const remove of removeHandlers) remove();
  }

  #listen(): (() => void)[] {
    const { triggers } = this.#declaration;
    const add = (keys: Iterable<string>): void => {
      for (const key of keys) this.#queue.add(key);
    };
    const removers = [this.#addHandlers(this.#informer, (object) => add([objectKey(object)]))];
    for (const trigger of triggers) {
      const informer = this.#informers.get(trigger.on);
      if (informer === undefined) continue;
      const keysOf = "ownedBy" in trigger ? (object: KubeObject) => this.#ownerKeys(object) : this.#keysOf(trigger);
      removers.push(this.#addHandlers(informer, (object) => add(keysOf(object))));
    }
    return removers;
  }

  /** The trigger's function for an object of its own resource: the informer it is bound to gives no others. */
  #keysOf(trigger: TriggerOn<T, Reads>): (object: KubeObject) => Iterable<string> {
    return (object) => trigger.keys(object as never, this.#world);
  }

  #ownerKeys(object: KubeObject): string[] {
    const { reconciles } = this.#declaration;
    const owner = controllerOf(object);
    if (owner === undefined || owner.kind !== reconciles.kind || owner.apiVersion !== apiVersionOf(reconciles))
      return [];
    return [reconciles.scope === "Namespaced" ? `${object.metadata.namespace ?? ""}/${owner.name}` : owner.name];
  }

  #addHandlers<O extends KubeObject>(informer: Informer<O>, wake: (object: O) => void): () => void {
    const openGates = (): void => {
      for (const key of this.#pending.takeOpened()) this.#queue.add(key);
    };
    return informer.addHandlers({
      onAdd: (object) => {
        wake(object);
        openGates();
      },
      onUpdate: (next, previous) => {
        wake(previous);
        wake(next);
        openGates();
      },
      onDelete: (object) => {
        wake(object);
        openGates();
      },
    });
  }

  async #work(): Promise<void> {
    for (let key = await this.#queue.get(); key !== undefined; key = await this.#queue.get()) {
      try {
        await this.#reconcile(key);
      } catch (err) {
        if (!this.#services.signal.aborted) this.#logger.error({ err, key }, "reconciling failed: will try again");
        this.#queue.addRateLimited(key);
      } finally {
        this.#queue.done(key);
      }
    }
  }

  async #reconcile(key: string): Promise<void> {
    const { client, clock, signal } = this.#services;
    if (signal.aborted) return;
    if (!this.#pending.isOpen(key)) {
      await this.#pending.verify(key, client, clock.monotonicMs(), signal);
      if (!this.#pending.isOpen(key)) return this.#queue.addAfter(key, GATE_TIMEOUT_MS);
    }
    const object = this.#lookUp(key);
    const plan =
      object === undefined ? this.#planForGone(key) : this.#declaration.reconcile(object, this.#world, clock.nowMs());
    if (plan === undefined) return this.#queue.forget(key);
    const outcome = await this.#carryOut(key, object, plan);
    if (outcome.kind === "done") this.#queue.forget(key);
    else if (outcome.kind === "stale") this.#queue.addRateLimited(key);
    else throw outcome.error;
    if (plan.requeueAfterMs !== undefined) this.#queue.addAfter(key, plan.requeueAfterMs);
  }

  #lookUp(key: string): T | undefined {
    const { namespace, name } = splitKey(key);
    return this.#informer.lister.get(namespace, name);
  }

  #planForGone(key: string): Plan<T, Writes> | undefined {
    return this.#declaration.reconcileGone?.(splitKey(key), this.#world);
  }

  async #carryOut(key: string, object: T | undefined, plan: Plan<T, Writes>): Promise<Outcome> {
    let current = object;
    const tell = (event: PlannedEvent): void => {
      const about = event.about ?? object;
      if (about !== undefined) this.#recorder.event(about, event.type, event.reason, event.message);
    };
    const options: ExecutorOptions = {
      client: this.#services.client,
      writes: this.#declaration.writes,
      signal: this.#services.signal,
      onEvent: tell,
      onWritten: (written) => {
        this.#remember(key, written);
        if (written.answer !== undefined && written.answer.metadata.uid === current?.metadata.uid)
          current = written.answer as T;
      },
      isOwnerLive: () => this.#isLive(object),
    };
    // Every action of `Writes` is an action of its general form; the mapped type cannot say so by itself.
    const outcome = await execute(plan.actions as unknown as readonly AnyAction[], options);
    for (const event of plan.events ?? []) tell(event);
    const status =
      outcome.kind === "failed" ? (plan.statusAfterFailure?.(outcome.failure) ?? plan.status) : plan.status;
    if (status === undefined || current === undefined || outcome.kind === "stale") return outcome;
    const written = await this.#writeStatus(key, current, status);
    return outcome.kind === "done" ? written : outcome;
  }

  async #writeStatus(key: string, object: T, status: StatusOf<T>): Promise<Outcome> {
    if (deepEqual("status" in object ? object.status : undefined, status)) return { kind: "done" };
    const { reconciles } = this.#declaration;
    return execute([{ verb: "updateStatus", resource: "self", object: { ...object, status } as KubeObject }], {
      client: this.#services.client,
      writes: { self: reconciles },
      signal: this.#services.signal,
      onEvent: () => undefined,
      onWritten: (written) => this.#remember(key, written),
      isOwnerLive: () => Promise.resolve(true),
    });
  }

  /** Closes the gate of `key` until what was written has been seen, when anybody watches that resource. */
  #remember(key: string, { resource, verb, target, answer }: Written): void {
    const informer = this.#informerOf(resource);
    if (informer === undefined) return;
    const { namespace, name, uid } = (answer ?? target).metadata;
    const write = {
      resource,
      informer,
      namespace,
      name,
      uid,
      revision: answer?.metadata.resourceVersion,
      isDeletion: verb === "delete",
    };
    this.#pending.record(key, write, this.#services.clock.monotonicMs());
  }

  #informerOf(resource: Resource<KubeObject>): Informer<KubeObject> | undefined {
    const { reads, reconciles } = this.#declaration;
    const wanted = groupResourceOf(resource);
    if (groupResourceOf(reconciles) === wanted) return this.#informer as unknown as Informer<KubeObject>;
    const found = Object.entries(reads).find(([, each]) => groupResourceOf(each) === wanted);
    return found === undefined ? undefined : this.#informers.get(found[0]);
  }

  async #isLive(object: T | undefined): Promise<boolean> {
    if (object === undefined) return false;
    const { client, signal } = this.#services;
    try {
      const live = await client.get(this.#declaration.reconciles, object.metadata, signal);
      return live.metadata.uid === object.metadata.uid && live.metadata.deletionTimestamp === undefined;
    } catch (err) {
      if (isNotFound(err)) return false;
      throw err;
    }
  }
}

function splitKey(key: string): { namespace: string | undefined; name: string } {
  const slash = key.indexOf("/");
  if (slash === -1) return { namespace: undefined, name: key };
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
