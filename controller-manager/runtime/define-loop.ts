/**
 * For the few controllers that are not "one object, one plan": garbage collector, namespaces, node addresses, node
 * health, pod clean-up. The same declarations and the same executor, with a hand-written body.
 */
import type { PolicyRule } from "../../shared/api/generated/rbac/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { isConflict } from "../../shared/errors/status-error.ts";
import type { EventRecorder } from "../../shared/events/event-recorder.ts";
import type { Informer } from "../../shared/informer/lister.ts";
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import { createWorkQueue, type WorkQueue } from "../../shared/workqueue/work-queue.ts";
import { execute, type Outcome } from "./executor.ts";
import { grantsOf } from "./grants.ts";
import type { Action, AnyAction } from "./plan.ts";
import type { ObjectOf, ResourceMap } from "./resource-map.ts";
import type { RunnableController } from "./services.ts";

/** What a loop's body gets: informers of its reads, synced, and a way to write what it declared. */
export interface LoopContext<Reads extends ResourceMap, Writes extends ResourceMap> {
  readonly informers: { readonly [Name in keyof Reads]: Informer<ObjectOf<Reads[Name]>> };
  execute(actions: readonly Action<Writes>[]): Promise<Outcome>;
  /** For what discovery finds; its rights must stand in `rules`. */
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly recorder: EventRecorder;
  readonly signal: AbortSignal;
  createQueue(name: string): WorkQueue<string>;
}

export interface LoopDeclaration<Reads extends ResourceMap, Writes extends ResourceMap> {
  readonly name: string;
  readonly reads: Reads;
  readonly writes: Writes;
  /** Rights beyond `reads` and `writes`. */
  readonly rules?: readonly PolicyRule[] | undefined;
  readonly eventSource?: string | undefined;
  /** Runs until the signal aborts. */
  readonly run: (context: LoopContext<Reads, Writes>) => Promise<void>;
}

export function defineLoop<Reads extends ResourceMap, Writes extends ResourceMap>(
  declaration: LoopDeclaration<Reads, Writes>,
): RunnableController {
  const { name, reads, writes, rules, eventSource = name } = declaration;
  return {
    name,
    grants: grantsOf({ reads, writes }, rules),
    async run(services) {
      const { client, clock, signal } = services;
      const informers = Object.fromEntries(
        Object.entries(reads).map(([key, resource]) => [key, services.informers.of(resource)]),
      );
      try {
        await Promise.all(Object.values(informers).map((informer) => informer.waitForSync(signal)));
      } catch (err) {
        if (signal.aborted) return;
        throw err;
      }
      await declaration.run({
        // The one place where the mapped type is built from its parts.
        informers: informers as unknown as LoopContext<Reads, Writes>["informers"],
        execute: (actions) =>
          execute(actions as unknown as readonly AnyAction[], {
            client,
            writes,
            signal,
            onWritten: () => undefined,
            onEvent: () => undefined,
            isOwnerLive: () => Promise.resolve(true),
          }),
        client,
        clock,
        logger: services.logger.child({ controller: name }),
        recorder: services.recorderFor(eventSource),
        signal,
        createQueue: (queue) => createWorkQueue<string>({ clock, observer: services.observerFor(queue) }),
      });
    },
  };
}

/** Works on the keys of a queue until it is shut down; a key whose work fails comes again later. */
export async function workOn(
  queue: WorkQueue<string>,
  workers: number,
  work: (key: string) => Promise<void>,
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<void> {
  const worker = async (): Promise<void> => {
    for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
      try {
        await work(key);
        queue.forget(key);
      } catch (err) {
        // A conflict only says that somebody else was faster.
        if (!signal.aborted && !isConflict(err)) logger.warn({ err, key }, "work failed: will try again");
        queue.addRateLimited(key);
      } finally {
        queue.done(key);
      }
    }
  };
  if (signal.aborted) queue.shutDown();
  signal.addEventListener("abort", () => queue.shutDown(), { once: true });
  await Promise.all(Array.from({ length: workers }, worker));
}
