/**
 * What a LIST answers with: rows at one revision, perhaps only some of them, and the token of what follows (upstream:
 * GetList of `apiserver/pkg/storage/cacher/delegator.go`). `""` is consistent, `"0"` is whatever the cache has, `N` is
 * not older, `Exact` is that revision.
 */
import type { Clock } from "../../../shared/process/clock.ts";
import { badRequest, StatusError } from "../../../shared/errors/status-error.ts";
import type { CachedRow } from "../../watch-cache/cached-row.ts";
import { tooLarge } from "../../watch-cache/freshness.ts";
import type { ListRequest, ListView, ResourceCache } from "../../watch-cache/resource-cache.ts";
import { CompactedError, FutureRevisionError, type Storage, type StoredValue } from "../../storage/storage.ts";
import { continueExpired, decodeContinue, encodeContinue, listExpired } from "./continue-token.ts";
import { type ListOptions, parseListRevision } from "./list-options.ts";

export interface ListPage {
  readonly revision: number;
  readonly rows: readonly CachedRow[];
  readonly continueToken: string | undefined;
  readonly remainingItemCount: number | undefined;
}

/** Either the whole view, to be written slab by slab, or a page of rows. */
export type ListResult =
  | { readonly kind: "view"; readonly view: ListView }
  | { readonly kind: "page"; readonly page: ListPage };

/** A limited list is walked within this time, or its later pages are read from the store. */
const VIEW_KEPT_MS = 60_000;
/** Views that are kept for later pages; each holds the objects of its moment. */
const VIEWS_MAX = 16;
/** One read of the store, when a page comes from there. */
const STORE_PAGE_ITEMS = 500;

interface KeptView {
  readonly cache: ResourceCache;
  readonly view: ListView;
  readonly expiresAtMs: number;
}

export class ListPages {
  readonly #storage: Storage;
  readonly #clock: Clock;
  #kept: KeptView[] = [];

  constructor(storage: Storage, clock: Clock) {
    this.#storage = storage;
    this.#clock = clock;
  }

  async read(cache: ResourceCache, namespace: string, options: ListOptions): Promise<ListResult> {
    const request: ListRequest = { namespace, labels: options.labels, fields: options.fields };
    cache.selection(request);
    if (options.continueToken !== "") return this.#continued(cache, request, options);
    const { resourceVersion } = options;
    const revision = resourceVersion === "" ? undefined : parseListRevision(resourceVersion);
    if (revision !== undefined && isExact(options)) return this.#exact(cache, request, options, revision);
    if (revision !== undefined) await cache.waitFor(revision);
    const missed = revision === undefined ? await this.#missedRevision(cache) : undefined;
    if (missed !== undefined) return this.#stored(cache, request, options.limit, "", missed, listExpired);
    const view = cache.list(request);
    // A list of anything the cache has is never cut.
    const limit = resourceVersion === "0" ? 0 : options.limit;
    if (limit <= 0) return { kind: "view", view };
    return { kind: "page", page: this.#pageOf(cache, view, limit, "") };
  }

  /** The store's revision when the cache does not get there in time: then the store itself must answer. */
  async #missedRevision(cache: ResourceCache): Promise<number | undefined> {
    try {
      await cache.latest();
      return undefined;
    } catch (error) {
      if (error instanceof StatusError && error.reason === "Timeout") return this.#storage.currentRevision();
      throw error;
    }
  }

  async #continued(cache: ResourceCache, request: ListRequest, options: ListOptions): Promise<ListResult> {
    const prefix = cache.prefixOf(request.namespace);
    const { revision, after } = decodeContinue(prefix, options.continueToken);
    if (options.resourceVersion !== "" && options.resourceVersion !== "0") {
      throw badRequest("specifying resource version is not allowed when using continue");
    }
    if (revision === undefined) {
      await cache.latest();
      return { kind: "page", page: this.#pageOf(cache, cache.list(request), options.limit, after) };
    }
    const kept = this.#find(cache, revision);
    if (kept !== undefined) {
      return { kind: "page", page: pageOf(cache.listAt(request, kept.snapshot, revision), options.limit, after) };
    }
    return this.#stored(cache, request, options.limit, after, revision, () => continueExpired(prefix, after));
  }

  async #exact(
    cache: ResourceCache,
    request: ListRequest,
    options: ListOptions,
    revision: number,
  ): Promise<ListResult> {
    await cache.waitFor(revision);
    return this.#stored(cache, request, options.limit, "", revision, listExpired);
  }

  /** A page as the store has it at a revision. */
  async #stored(
    cache: ResourceCache,
    request: ListRequest,
    limit: number,
    start: string,
    revision: number,
    expired: () => Error,
  ): Promise<ListResult> {
    const prefix = cache.prefixOf(request.namespace);
    const selection = cache.selection(request);
    const rows: CachedRow[] = [];
    let after = start;
    for (;;) {
      const size =
        limit > 0 && selection.isEverything ? Math.min(limit - rows.length, STORE_PAGE_ITEMS) : STORE_PAGE_ITEMS;
      const options = { limit: size, revision, ...(after === "" ? {} : { after }) };
      const found = await this.#range(cache, prefix, options, expired);
      for (const [index, item] of found.items.entries()) {
        const row = cache.rowOf(item);
        after = item.key;
        if (selection.matches(row)) rows.push(row);
        if (limit <= 0 || rows.length < limit) continue;
        const rest = found.items.length - index - 1 + found.remaining;
        return { kind: "page", page: page(rows, revision, rest, prefix, after, selection.isEverything) };
      }
      if (!found.hasMore) return { kind: "page", page: page(rows, revision, 0, prefix, after, true) };
    }
  }

  async #range(
    cache: ResourceCache,
    prefix: string,
    options: { limit: number; revision: number; after?: string },
    expired: () => Error,
  ): Promise<{ items: StoredValue[]; hasMore: boolean; remaining: number }> {
    try {
      return await this.#storage.range(prefix, options);
    } catch (error) {
      if (error instanceof CompactedError) throw expired();
      if (error instanceof FutureRevisionError) throw tooLarge(options.revision, cache.revision);
      throw error;
    }
  }

  /** A page of the present; what follows it is kept for a while. */
  #pageOf(cache: ResourceCache, view: ListView, limit: number, after: string): ListPage {
    const result = pageOf(view, limit, after);
    if (result.continueToken !== undefined && this.#find(cache, view.revision) === undefined) this.#keep(cache, view);
    return result;
  }

  #keep(cache: ResourceCache, view: ListView): void {
    const nowMs = this.#clock.monotonicMs();
    const others = this.#kept.filter((kept) => kept.expiresAtMs > nowMs);
    this.#kept = [...others.slice(1 - VIEWS_MAX), { cache, view, expiresAtMs: nowMs + VIEW_KEPT_MS }];
  }

  #find(cache: ResourceCache, revision: number): ListView | undefined {
    const nowMs = this.#clock.monotonicMs();
    return this.#kept.find(
      (kept) => kept.cache === cache && kept.view.revision === revision && kept.expiresAtMs > nowMs,
    )?.view;
  }
}

/** Without a word on the match, a limited list of a revision is of exactly that one. */
function isExact({ resourceVersion, resourceVersionMatch, limit }: ListOptions): boolean {
  return resourceVersionMatch === "Exact" || (resourceVersionMatch === "" && limit > 0 && resourceVersion !== "0");
}

/** At most `limit` rows of a view after a key. */
function pageOf(view: ListView, limit: number, after: string): ListPage {
  const { revision } = view;
  const rows: CachedRow[] = [];
  let hasMore = false;
  for (const row of view.rows(after)) {
    if (limit > 0 && rows.length === limit) {
      hasMore = true;
      break;
    }
    rows.push(row);
  }
  const last = rows.at(-1)?.key ?? "";
  if (!hasMore) return page(rows, revision, 0, view.prefix, last, true);
  const rest = view.selection.isEverything ? view.snapshot.count(view.prefix, last) : 1;
  return page(rows, revision, rest, view.prefix, last, view.selection.isEverything);
}

function page(
  rows: readonly CachedRow[],
  revision: number,
  rest: number,
  prefix: string,
  last: string,
  isCounted: boolean,
): ListPage {
  const hasMore = rest > 0;
  return {
    revision,
    rows,
    continueToken: hasMore ? encodeContinue(prefix, last, revision) : undefined,
    remainingItemCount: hasMore && isCounted ? rest : undefined,
  };
}
