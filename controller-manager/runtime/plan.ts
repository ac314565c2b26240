/**
 * What a controller wants to be done, as data. A plan names only resources that the controller declared to write:
 * anything else does not compile.
 */
import type { PatchType } from "../../shared/client/api-client.ts";
import type { Draft, KubeObject, Resource } from "../../shared/resources/resource.ts";
import type { ObjectOf, ResourceMap } from "./resource-map.ts";

/** An event about the reconciled object. `$name` stands for the written object's name, `$error` for what went wrong. */
export interface PlannedEvent {
  /** Another object that the event is about. */
  readonly about?: KubeObject | undefined;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

/** Objects that must not be there, by the server's word: a cache may not have heard of them yet. */
export interface Absence {
  readonly resource: Resource<KubeObject>;
  readonly namespace?: string | undefined;
  /** This one object, with this UID when there is one; left out: any of the namespace that `matches`. */
  readonly name?: string | undefined;
  readonly uid?: string | undefined;
  readonly matches?: ((object: KubeObject) => boolean) | undefined;
}

interface Reported {
  /** Done only when a live read finds none of it; otherwise the plan is made again later. */
  readonly needsAbsence?: Absence | undefined;
  readonly onSuccess?: PlannedEvent | undefined;
  readonly onFailure?: PlannedEvent | undefined;
}

/** One write of one resource. */
export type ActionOn<Name extends string, T extends KubeObject> = Reported & { readonly resource: Name } & (
    | { readonly verb: "create"; readonly object: Draft<T> }
    /** The revision of `object` is the precondition. */
    | { readonly verb: "update"; readonly object: T }
    | { readonly verb: "updateStatus"; readonly object: T }
    | {
        readonly verb: "patch";
        readonly target: T;
        readonly patchType: PatchType;
        readonly patch: unknown;
        readonly subresource?: string | undefined;
        /** Only when a live read shows the reconciled object with the same UID and not being deleted (adoption). */
        readonly needsLiveOwner?: boolean | undefined;
      }
    /** The UID of `target` is the precondition. */
    | {
        readonly verb: "delete";
        readonly target: T;
        readonly gracePeriodSeconds?: number | undefined;
        readonly propagationPolicy?: "Background" | "Foreground" | "Orphan" | undefined;
        /** Also the revision must be the same. */
        readonly needsSameRevision?: boolean | undefined;
      }
  );

/** Any write that `Writes` allows. */
export type Action<Writes extends ResourceMap> = {
  [Name in keyof Writes & string]: ActionOn<Name, ObjectOf<Writes[Name]>>;
}[keyof Writes & string];

/** An action as the executor sees it. */
export type AnyAction = ActionOn<string, KubeObject>;

/** The first action that failed. */
export interface ActionFailure {
  readonly verb: AnyAction["verb"];
  readonly resource: string;
  readonly message: string;
}

export type StatusOf<T> = T extends { status?: infer Status } ? NonNullable<Status> : never;

export interface Plan<T extends KubeObject, Writes extends ResourceMap> {
  /**
   * Done in order; neighbours with the same verb and resource are done together. The first failure ends the plan,
   * but the status is written all the same.
   */
  readonly actions: readonly Action<Writes>[];
  /** Written after the actions, when it differs from the present one. */
  readonly status?: StatusOf<T> | undefined;
  /** The status instead, when an action failed. */
  readonly statusAfterFailure?: ((failure: ActionFailure) => StatusOf<T>) | undefined;
  /** Look again after this time even when nothing happens. */
  readonly requeueAfterMs?: number | undefined;
  readonly events?: readonly PlannedEvent[] | undefined;
}
