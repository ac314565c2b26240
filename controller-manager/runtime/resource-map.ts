import type { Lister } from "../../shared/informer/lister.ts";
import type { KubeObject, Resource } from "../../shared/resources/resource.ts";

/** Resources under the names by which a controller speaks of them: `{ pods, replicaSets }`. */
export type ResourceMap = Readonly<Record<string, Resource<KubeObject>>>;

/** The object type of a resource token. */
export type ObjectOf<R> = R extends Resource<infer T> ? T : never;

/** What a controller may look at: a lister for each declared read, and `self` for the kind it reconciles. */
export type World<T extends KubeObject, Reads extends ResourceMap> = {
  readonly [Name in keyof Reads]: Lister<ObjectOf<Reads[Name]>>;
} & { readonly self: Lister<T> };
