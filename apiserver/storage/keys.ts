/**
 * Keys of the store, as upstream lays them out: `/registry/<prefix>/<namespace>/<name>`, or without the namespace for
 * what is cluster-scoped.
 */
import type { Scope } from "../../shared/resources/resource.ts";

/** Everything that is ours in the store starts with this; the one watch of the apiserver is on it. */
export const REGISTRY_ROOT = "/registry/";

interface Stored {
  readonly storagePrefix: string;
  readonly resource: { readonly scope: Scope };
}

/** Prefix of all objects of that kind, with its final slash. */
export function collectionPrefix(strategy: Pick<Stored, "storagePrefix">): string {
  return `${REGISTRY_ROOT}${strategy.storagePrefix}/`;
}

/** Prefix of the objects of one namespace; of all of them when it is empty or the kind has no namespaces. */
export function listPrefix(strategy: Stored, namespace: string | undefined): string {
  const root = collectionPrefix(strategy);
  const isScoped = strategy.resource.scope === "Namespaced" && namespace !== undefined && namespace !== "";
  return isScoped ? `${root}${namespace}/` : root;
}

/** Key of one object. */
export function storageKey(strategy: Stored, namespace: string | undefined, name: string): string {
  return `${listPrefix(strategy, namespace)}${name}`;
}

/** Half of a character beyond the basic plane; without the `u` flag, so that halves are seen. */
const SURROGATE = /[\ud800-\udfff]/;

/** Order of the UTF-8 bytes, which is the order of every store. Differs from `<` only beyond the basic plane. */
export function compareKeys(left: string, right: string): number {
  if (left === right) return 0;
  if (SURROGATE.test(left) || SURROGATE.test(right)) return Buffer.compare(Buffer.from(left), Buffer.from(right));
  return left < right ? -1 : 1;
}

/** The smallest key that sorts after everything that starts with `prefix` (etcd's range end). */
export function prefixEnd(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  for (let index = end.length - 1; index >= 0; index--) {
    const byte = end[index] ?? 0;
    if (byte < 0xff) {
      end[index] = byte + 1;
      return end.subarray(0, index + 1);
    }
  }
  return Buffer.from([0]);
}
