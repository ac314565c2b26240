/**
 * What one kind declares about itself (D7). `serve({...})` in `apiserver/resources/<group>/<kind>.ts` makes a
 * `Strategy`; routes, discovery, tables, field selectors, storage keys, RBAC and the generated test follow from the
 * array in `resources/all.ts`. Upstream: `apiserver/pkg/registry/generic/registry/store.go`, RESTCreateStrategy & co.
 *
 * Everything here is pure: no I/O, no clock, no randomness. What needs those (allocation of addresses, tokens)
 * is admission or a subresource handler.
 */
import type { FieldError } from "../../shared/errors/status-error.ts";
import type { Draft, KubeObject, Resource } from "../../shared/resources/resource.ts";
import type { UserInfo } from "../authentication/user.ts";

export type Verb = "create" | "delete" | "deletecollection" | "get" | "list" | "patch" | "update" | "watch";
export const ALL_VERBS: readonly Verb[] = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
];

/** A column of `kubectl get`. `priority` 0 always shows, 1 only with `-o wide`. */
export interface Column<T> {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "date";
  readonly format?: string;
  readonly description: string;
  readonly priority?: number;
  /** `nowMs` is for ages. */
  cell(object: T, nowMs: number): string | number | boolean | null;
}

/** `meta.k8s.io TableRowCondition` */
export interface RowCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

/** A subresource as discovery shows it. Its handler is found by `<plural>/<name>` in `handlers/subresources/`. */
export interface Subresource {
  readonly name: string;
  /** HTTP-level verbs for discovery: `get patch update create delete`; connect ones list `create,get`. */
  readonly verbs: readonly string[];
  /** Kind of its body when it is not the parent's. */
  readonly kind?: { readonly group: string; readonly version: string; readonly kind: string };
  /** Connects (exec, attach, portforward, proxy) hand the socket on. */
  readonly isConnect?: boolean;
}

/** Who writes, and when: the few kinds that keep it (CertificateSigningRequest) get it handed in. */
export interface WriteOrigin {
  readonly user: UserInfo;
  /** `metav1.Time` of this moment. */
  readonly now: string;
}

/** How `/status` behaves; its presence serves the subresource. */
export interface StatusStrategy<T> {
  /** Puts back what `/status` may not change; the default keeps everything but `status` (and metadata rules). */
  prepareForUpdate?(next: T, previous: T, origin: WriteOrigin): void;
  validateUpdate?(next: T, previous: T): FieldError[];
}

/** A subresource that writes one part of the object by rules of its own (`pods/resize`). */
export interface PartStrategy<T> {
  /** Puts back everything but the part, in place. */
  prepareForUpdate(next: T, previous: T): void;
  /** On top of `validate`. */
  validateUpdate(next: T, previous: T): FieldError[];
}

/** Where autoscaling/v1 Scale reads and writes. */
export interface ScaleStrategy<T> {
  replicas(object: T): number;
  setReplicas(object: T, replicas: number): void;
  statusReplicas(object: T): number;
  /** Serialized label selector. */
  selector(object: T): string;
}

export interface StrategyDeclaration<T extends KubeObject> {
  readonly resource: Resource<T>;
  /** Lower-case kind when left out. */
  readonly singular?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly verbs?: readonly Verb[];
  /** Key below `/registry/`: `pods`, `services/specs`, `minions`. Two resources may share one (events). */
  readonly storagePrefix: string;
  readonly subresources?: readonly Subresource[];
  readonly status?: StatusStrategy<T>;
  /** Further subresources that write the status as `/status` does, each by rules of its own (`approval`). */
  readonly statusSubresources?: Readonly<Record<string, StatusStrategy<T>>>;
  /** Subresources that write a part of the object, by name. */
  readonly partSubresources?: Readonly<Record<string, PartStrategy<T>>>;
  readonly scale?: ScaleStrategy<T>;
  /** Whether `metadata.generation` is kept: 1 at creation, +1 when the spec (or what `generationOf` gives) changes. */
  readonly hasGeneration?: boolean;
  /** What a change of is a new generation; `spec` when left out. */
  generationOf?(object: T): unknown;
  /** Fills in upstream's defaults, in place; called on every decode. */
  defaults?(object: T): void;
  /** Errors of `metadata.name`; DNS subdomain when left out. */
  validateName?(name: string): string[];
  /** Clears what clients may not set at creation (status), in place. */
  prepareForCreate?(object: T, origin: WriteOrigin): void;
  /** Puts back what a plain update may not change (status), in place; generation is the registry's. */
  prepareForUpdate?(next: T, previous: T, origin: WriteOrigin): void;
  /** Of creations and updates; `previous` (none at creation) is for wrongs that what is stored already has. */
  validate?(object: T, previous?: T): FieldError[];
  /** On top of `validate`: what may be set later, but not at creation. */
  validateCreate?(object: T): FieldError[];
  /** On top of `validate`: immutable fields and forbidden transitions. */
  validateUpdate?(next: T, previous: T): FieldError[];
  /** May PUT create it? (`AllowCreateOnUpdate`: Lease, Endpoints, … ) */
  readonly allowCreateOnUpdate?: boolean;
  /** May an update come without a resourceVersion? True when left out. */
  readonly allowUnconditionalUpdate?: boolean;
  /** Seconds of grace to apply when a delete comes with `requested` (or none): pods only. */
  gracePeriodSeconds?(object: T, requested: number | undefined): number;
  /** What happens to dependents when the delete does not say; background when left out. */
  readonly defaultPropagation?: "Background" | "Foreground" | "Orphan";
  /** Beside `metadata.finalizers`: what must be gone before it may go (Namespace: `spec.finalizers`). */
  deletionHolders?(object: T): readonly string[];
  /** Why it may not be deleted at all: 403. */
  refuseDeletion?(object: T): string | undefined;
  /** Called when `deletionTimestamp` gets set, in place (Namespace: the phase). */
  prepareForDeletion?(object: T): void;
  /** Field selectors beside `metadata.name` and `metadata.namespace`. */
  readonly selectableFields?: Readonly<Record<string, (object: T) => string>>;
  /** Old spellings of selectable fields (`spec.host` for pods). */
  readonly fieldAliases?: Readonly<Record<string, string>>;
  /** Name and age when left out. */
  readonly columns?: readonly Column<T>[];
  /** Order of the rows of a page of a table; that of their keys when left out. */
  rowOrder?(left: T, right: T): number;
  /** What else a row of a table tells about its object (pods: that they are done). */
  rowConditions?(object: T): readonly RowCondition[];
  /** Seconds after which the store drops it (events). */
  readonly ttlSeconds?: number;
  /** Text of the `Warning` header of every answer about this kind. */
  readonly deprecation?: string;
  /** Texts of `Warning` headers for this object. */
  warnings?(next: T, previous: T | undefined): string[];
  /** Converts between the stored form and this version, when two resources share one store (events). */
  readonly conversion?: { fromStored(stored: unknown): T; toStored(object: T): unknown };
  /** A valid object; drives the generated round-trip test. `metadata.name` is filled in. */
  readonly example: Draft<T>;
}

/** A declaration with its defaults filled in. */
export interface Strategy<T extends KubeObject> extends StrategyDeclaration<T> {
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly Verb[];
  readonly subresources: readonly Subresource[];
}

/** A strategy of some kind: `use` gives it back with its type, so that no cast is needed. */
export interface AnyStrategy {
  readonly resource: Resource<KubeObject>;
  use<R>(visit: <T extends KubeObject>(strategy: Strategy<T>) => R): R;
}

/** Completes a declaration and erases its type for `resources/all.ts`. */
export function serve<T extends KubeObject>(declaration: StrategyDeclaration<T>): AnyStrategy {
  const declared = declaration.subresources ?? [];
  const status: Subresource[] = [
    ...Object.keys(declaration.statusSubresources ?? {}),
    ...Object.keys(declaration.partSubresources ?? {}),
    ...(declaration.status === undefined ? [] : ["status"]),
  ].map((name) => ({ name, verbs: ["get", "patch", "update"] }));
  const scale: Subresource[] =
    declaration.scale === undefined
      ? []
      : [
          {
            name: "scale",
            verbs: ["get", "patch", "update"],
            kind: { group: "autoscaling", version: "v1", kind: "Scale" },
          },
        ];
  const strategy: Strategy<T> = {
    ...declaration,
    singular: declaration.singular ?? declaration.resource.kind.toLowerCase(),
    shortNames: declaration.shortNames ?? [],
    categories: declaration.categories ?? [],
    verbs: declaration.verbs ?? ALL_VERBS,
    subresources: [...declared, ...scale, ...status],
  };
  return { resource: declaration.resource, use: (visit) => visit(strategy) };
}
