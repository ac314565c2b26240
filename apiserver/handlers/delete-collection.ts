/** DELETE of a collection (upstream: DeleteCollection of `generic/registry/store.go`). */
import { isConflict, isNotFound } from "../../shared/errors/status-error.ts";
import { apiVersionOf, type KubeObject } from "../../shared/resources/resource.ts";
import { sendObject } from "../http/respond.ts";
import type { WriteRequest } from "../registry/registry.ts";
import { readDeleteOptions } from "./delete-options.ts";
import type { ApiServices, Handler } from "./handler.ts";
import { parseListOptions } from "./read/list-options.ts";
import { ListPages } from "./read/list-page.ts";

/** Deletes on their way to the store at the same time. */
const CONCURRENT_DELETES_MAX = 8;

/** 200 with a list of the objects as they were. Objects that go away meanwhile are no errors. */
export function createDeleteCollectionHandler({
  registry,
  caches,
  storage,
  clock,
}: Pick<ApiServices, "registry" | "caches" | "storage" | "clock">): Handler {
  const pages = new ListPages(storage, clock);
  return async (context, target) => {
    const { resource } = target.strategy;
    const options = await readDeleteOptions(context);
    const list = parseListOptions(context.query, false);
    const request: WriteRequest = {
      user: context.user,
      isDryRun: (options.dryRun ?? []).length > 0,
      warn: (text) => context.warnings.push(text),
    };
    const found = await pages.read(caches.cacheOf(resource), target.namespace, list);
    const rows = found.kind === "view" ? [...found.view.rows()] : found.page.rows;
    const deleted: KubeObject[] = [];
    const queue = rows.values();
    const work = async (): Promise<void> => {
      for (const row of queue) {
        const { metadata } = row.decode();
        try {
          const { object } = await registry.delete(resource, metadata.namespace ?? "", metadata.name, options, request);
          deleted.push(object);
        } catch (error) {
          if (!isNotFound(error) && !isConflict(error)) throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT_DELETES_MAX }, work));
    const apiVersion = apiVersionOf(resource);
    sendObject(context, 200, { kind: `${resource.kind}List`, apiVersion, metadata: {}, items: deleted });
  };
}
