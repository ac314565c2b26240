/**
 * The typed client every component uses to speak to the API. `http-client.ts` implements it over undici;
 * tests may implement it over the memory store. All calls reject with `StatusError` for what the server
 * answered, and with a plain `Error` (cause set) when no answer came.
 */
import type { DeleteOptions, ListMeta } from "../api/generated/meta/v1.ts";
import type { Draft, KubeObject, Resource } from "../resources/resource.ts";

export interface ListResult<T> {
  readonly metadata: ListMeta;
  readonly items: T[];
}

export interface ListOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly limit?: number | undefined;
  readonly continueToken?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly resourceVersionMatch?: "Exact" | "NotOlderThan" | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface WatchOptions extends Omit<ListOptions, "limit" | "continueToken"> {
  readonly timeoutSeconds?: number | undefined;
  readonly allowWatchBookmarks?: boolean | undefined;
  readonly sendInitialEvents?: boolean | undefined;
}

/** One line of a watch. A `BOOKMARK` carries only kind and `metadata.resourceVersion` (and annotations). */
export type WatchEvent<T> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK"; readonly object: T }
  | { readonly type: "ERROR"; readonly object: unknown };

export interface WriteOptions {
  readonly dryRun?: boolean | undefined;
  readonly fieldManager?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type PatchType = "json" | "merge" | "strategic" | "apply";

export interface RawRequest {
  readonly method: string;
  /** Path with query, for example `/api/v1/namespaces/default/pods?limit=1`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Where one object is: namespace is left out for cluster-scoped resources. */
export interface ObjectReference {
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface ApiClient {
  get<T extends KubeObject>(resource: Resource<T>, at: ObjectReference, signal?: AbortSignal): Promise<T>;
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<ListResult<T>>;
  /** Ends when the server ends the stream; rejects with `StatusError` when it refuses it (410 and others). */
  watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  create<T extends KubeObject>(
    resource: Resource<T>,
    draft: Draft<T>,
    options?: WriteOptions & { namespace?: string },
  ): Promise<T>;
  /** Replaces; `metadata.resourceVersion` of the object is the precondition. */
  update<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T>;
  updateStatus<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T>;
  patch<T extends KubeObject>(
    resource: Resource<T>,
    at: ObjectReference,
    type: PatchType,
    patch: unknown,
    options?: WriteOptions & { subresource?: string | undefined; force?: boolean | undefined },
  ): Promise<T>;
  /** Resolves to the object when it still exists (finalizers, grace), otherwise to nothing. */
  delete<T extends KubeObject>(
    resource: Resource<T>,
    at: ObjectReference,
    options?: DeleteOptions,
    signal?: AbortSignal,
  ): Promise<T | undefined>;
  deleteCollection<T extends KubeObject>(
    resource: Resource<T>,
    list: ListOptions,
    options?: DeleteOptions,
  ): Promise<void>;
  /** POST or PUT to a subresource such as `binding`, `eviction`, `token`, `scale`, `finalize`. */
  writeSubresource<T extends KubeObject, Body, Answer>(
    resource: Resource<T>,
    at: ObjectReference,
    subresource: string,
    method: "POST" | "PUT",
    body: Body,
    options?: WriteOptions,
  ): Promise<Answer>;
  /** Any request; does not reject for an HTTP error code. */
  raw(request: RawRequest): Promise<RawResponse>;
  close(): Promise<void>;
}
