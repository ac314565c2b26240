import type { ObjectMeta } from "../api/generated/meta/v1.ts";

/** What every API object has in common once it was read from the API. */
export interface KubeObject {
  apiVersion?: string | undefined;
  kind?: string | undefined;
  metadata: ObjectMeta & { name: string };
}

/** A `T` as a client sends it: its name may still be missing (`generateName`), and so may its `spec`. */
export type Draft<T extends KubeObject> = Omit<T, "metadata" | "spec"> &
  Partial<Pick<T, Extract<keyof T, "spec">>> & { metadata?: ObjectMeta | undefined };

export type Scope = "Namespaced" | "Cluster";

/** Identity of one resource: what its URL, its kind and its scope are. A covariant token for `T`. */
export interface Resource<T extends KubeObject> {
  /** API group, empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly scope: Scope;
  /** Compile-time only: never set. */
  readonly objectType?: T;
}

/** Declares a resource; see `catalog.ts` for the built-in ones. */
export function resource<T extends KubeObject>(identity: Omit<Resource<T>, "objectType">): Resource<T> {
  return identity;
}

/** `v1` or `apps/v1`. */
export function apiVersionOf(identity: { group: string; version: string }): string {
  return identity.group === "" ? identity.version : `${identity.group}/${identity.version}`;
}

/** `pods` or `deployments.apps`: the name RBAC messages, storage and logs use. */
export function groupResourceOf(identity: { group: string; plural: string }): string {
  return identity.group === "" ? identity.plural : `${identity.plural}.${identity.group}`;
}

/** URL path of a collection or of one object: `/apis/apps/v1/namespaces/NS/deployments/NAME`. */
export function pathOf(
  identity: { group: string; version: string; plural: string; scope: Scope },
  namespace: string | undefined,
  name?: string,
  subresource?: string,
): string {
  const root = identity.group === "" ? `/api/${identity.version}` : `/apis/${identity.group}/${identity.version}`;
  const scoped = identity.scope === "Namespaced" && namespace !== undefined && namespace !== "";
  const segments = [root, ...(scoped ? ["namespaces", encodeURIComponent(namespace)] : []), identity.plural];
  if (name !== undefined) segments.push(encodeURIComponent(name));
  if (subresource !== undefined) segments.push(subresource);
  return segments.join("/");
}

/** `namespace/name`, or `name` for a cluster-scoped object: the key of queues, stores and logs. */
export function objectKey(object: KubeObject): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
}
