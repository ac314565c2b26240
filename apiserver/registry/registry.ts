/**
 * The writes of all resources (upstream: `apiserver/pkg/registry/generic/registry/store.go`). Callers inside the
 * process use it as the HTTP handlers do: through admission, validation and finalizers, never around them.
 */
import type { DeleteOptions } from "../../shared/api/generated/meta/v1.ts";
import type { Draft, KubeObject, Resource } from "../../shared/resources/resource.ts";
import type { UserInfo } from "../authentication/user.ts";

/** An object as it is stored now: `metadata.resourceVersion` set, and its bytes for the answer. */
export interface StoredObject<T extends KubeObject> {
  readonly object: T;
  readonly json: Buffer;
}

export interface WriteRequest {
  readonly user: UserInfo;
  /** `dryRun=All`: everything but the write itself. */
  readonly isDryRun?: boolean;
  /** Who owns what is written; without one nobody does. */
  readonly fieldManager?: string;
  /** The draft's `managedFields` are those that server-side apply made. */
  readonly isApplied?: boolean;
  /** Of the URL; what admission sees. Empty for the object itself. */
  readonly subresource?: string;
  /** Gets the texts of `Warning` headers. */
  warn?(text: string): void;
}

export interface CreateRequest extends WriteRequest {
  /** Namespace of the URL: the object's own must be the same or missing. */
  readonly namespace?: string;
  /** Name of the URL, where there is one: the object's own must be the same or missing. */
  readonly name?: string;
}

export interface UpdateRequest extends WriteRequest {
  /**
   * What may change: everything a PUT may, only what `/status` or another subresource may, or what the caller of
   * `change` wrote itself.
   */
  readonly mode?: "object" | "status" | "part" | "raw";
  /** Creates it when it is missing (PUT of kinds that allow it, server-side apply). */
  readonly createIfMissing?: boolean;
}

export interface UpdateResult<T extends KubeObject> extends StoredObject<T> {
  readonly wasCreated: boolean;
}

/** `isGone` tells whether the store no longer has it; `object` is its last state. */
export interface DeleteResult<T extends KubeObject> extends StoredObject<T> {
  readonly isGone: boolean;
}

/** Everything rejects with `StatusError`. */
export interface Registry {
  /** Consistent read of one object from the store. */
  get<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string): Promise<StoredObject<T>>;
  create<T extends KubeObject>(
    resource: Resource<T>,
    draft: Draft<T>,
    request: CreateRequest,
  ): Promise<StoredObject<T>>;
  /**
   * Reads, calls `change` with a copy of what is stored (nothing, when it may be created), and writes what that
   * returns; calls again when somebody else wrote in between, unless the returned `metadata.resourceVersion` is
   * another than the stored one: that is a 409 Conflict. `change` must not have side effects; `now` is the time of the
   * write.
   */
  update<T extends KubeObject>(
    resource: Resource<T>,
    namespace: string,
    name: string,
    change: (current: T | undefined, now: string) => Draft<T> | Promise<Draft<T>>,
    request: UpdateRequest,
  ): Promise<UpdateResult<T>>;
  delete<T extends KubeObject>(
    resource: Resource<T>,
    namespace: string,
    name: string,
    options: DeleteOptions,
    request: WriteRequest,
  ): Promise<DeleteResult<T>>;
}
