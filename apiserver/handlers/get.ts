/** GET of one object: cached bytes, after the cache is known to be as new as asked (upstream: `handlers/get.go`). */
import { stringifyJson } from "../../shared/machinery/lossless-json.ts";
import { notFound } from "../../shared/errors/status-error.ts";
import { negotiate, PROTOBUF_TYPE, type Negotiated } from "../http/negotiate.ts";
import type { RequestContext } from "../http/request-context.ts";
import { isPretty, sendObject } from "../http/respond.ts";
import { tableOf } from "../tables/table.ts";
import { parseStored } from "../storage/codec.ts";
import { hasProtobuf } from "../schema/protobuf-writer.ts";
import type { CachedRow } from "../watch-cache/cached-row.ts";
import type { ApiServices, Handler, ResourceTarget } from "./handler.ts";
import { includeObjectOf } from "./read/include-object.ts";
import { parseRevision } from "./read/list-options.ts";
import { partialBytes } from "./read/partial-object.ts";
import { protobufOf } from "./read/protobuf-rows.ts";
import { onlyForLists } from "./read/representation.ts";
import { sendWhole } from "./read/send-whole.ts";

export function createGetHandler({ caches, clock }: Pick<ApiServices, "caches" | "clock">): Handler {
  return async (context, target) => {
    const { resource } = target.strategy;
    const form = negotiate(context.request.headers.accept, { hasProtobuf: hasProtobuf(resource) });
    if (form.as === "PartialObjectMetadataList") throw onlyForLists(resource);
    const cache = caches.cacheOf(resource);
    const resourceVersion = context.query.get("resourceVersion") ?? "";
    if (resourceVersion === "") await cache.latest();
    else await cache.waitFor(parseRevision(resourceVersion));
    const row = cache.get(target.namespace, target.name);
    if (row === undefined) throw notFound(resource, target.name);
    if (form.format === "protobuf") return sendWhole(context, PROTOBUF_TYPE, protobufOf(row, form, resource));
    const json = jsonOf(row, form, context, target, clock.nowMs());
    if (form.format === "json" && !isPretty(context)) return sendWhole(context, "application/json", json);
    sendObject(context, 200, parseStored(json) as object, json);
  };
}

function jsonOf(
  row: CachedRow,
  form: Negotiated,
  context: RequestContext,
  target: ResourceTarget,
  nowMs: number,
): Buffer {
  const apiVersion = `meta.k8s.io/${form.version}`;
  if (form.as === undefined) return row.bytes;
  if (form.as === "PartialObjectMetadata") return partialBytes(row, apiVersion);
  const includeObject = includeObjectOf(context.query);
  const metadata = { resourceVersion: String(row.revision) };
  return Buffer.from(
    stringifyJson(tableOf(target.strategy, [row.decode()], { includeObject, nowMs, metadata, apiVersion })),
  );
}
