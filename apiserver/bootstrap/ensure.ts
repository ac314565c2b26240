/** Writes of the bootstrap: idempotent, and safe beside another apiserver that does the same. */
import { isAlreadyExists, isNotFound } from "../../shared/errors/status-error.ts";
import type { Draft, KubeObject, Resource } from "../../shared/resources/resource.ts";
import { SUPERUSER_GROUP, type UserInfo } from "../authentication/user.ts";
import type { Registry } from "../registry/registry.ts";

/** Under whose name the apiserver writes its own objects. */
export const APISERVER_USER: UserInfo = { name: "system:apiserver", uid: "", groups: [SUPERUSER_GROUP], extra: {} };

/** Creates waiting for the store at the same time. */
const CONCURRENT_WRITES_MAX = 16;

export async function findObject<T extends KubeObject>(
  registry: Registry,
  resource: Resource<T>,
  namespace: string,
  name: string,
): Promise<T | undefined> {
  try {
    return (await registry.get(resource, namespace, name)).object;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Creates `wanted` when it is missing, otherwise stores what `merge` makes of the present object (nothing: it is
 * right as it is).
 */
export async function ensureObject<T extends KubeObject>(
  registry: Registry,
  resource: Resource<T>,
  wanted: Draft<T> & { metadata: { name: string; namespace?: string | undefined } },
  merge: (present: T) => T | undefined = () => undefined,
): Promise<void> {
  const { name, namespace = "" } = wanted.metadata;
  const request = { user: APISERVER_USER, fieldManager: "kube-apiserver" };
  let present = await findObject(registry, resource, namespace, name);
  if (present === undefined) {
    try {
      await registry.create(resource, wanted, { ...request, namespace });
      return;
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      present = await findObject(registry, resource, namespace, name);
    }
  }
  if (present === undefined || merge(present) === undefined) return;
  const change = (current: T | undefined): Draft<T> => (current === undefined ? wanted : (merge(current) ?? current));
  await registry.update(resource, namespace, name, change, { ...request, mode: "raw" });
}

/** Runs all tasks, a few at a time. */
export async function runBounded(tasks: readonly (() => Promise<void>)[]): Promise<void> {
  const queue = tasks.values();
  const work = async (): Promise<void> => {
    for (const task of queue) await task();
  };
  await Promise.all(Array.from({ length: CONCURRENT_WRITES_MAX }, work));
}
