/**
 * LIST: head, cached bytes, tail (upstream: `ListResource` of `endpoints/handlers/get.go`). A whole list without a
 * selector is written slab by slab, and its gzip form is spliced from the slabs' cached streams.
 */
import { constants, createGzip } from "node:zlib";
import { Readable } from "node:stream";
import type { ListMeta } from "../../shared/api/generated/meta/v1.ts";
import { negotiate, PROTOBUF_TYPE } from "../http/negotiate.ts";
import type { RequestContext } from "../http/request-context.ts";
import { beginAnswer, isPretty, sendObject } from "../http/respond.ts";
import { parseStored } from "../storage/codec.ts";
import { hasProtobuf } from "../schema/protobuf-writer.ts";
import type { CachedRow } from "../watch-cache/cached-row.ts";
import type { ApiServices, Handler } from "./handler.ts";
import { acceptsGzip } from "./read/accepts-gzip.ts";
import { gzipParts } from "./read/gzip-segments.ts";
import { includeObjectOf } from "./read/include-object.ts";
import { LIST_TAIL, type ListBody, listBody, objectListHead } from "./read/list-body.ts";
import { parseListOptions } from "./read/list-options.ts";
import { notForLists } from "./read/representation.ts";
import { type ProtobufListOptions, protobufList, protobufPieces } from "./read/protobuf-list.ts";
import { ListPages, type ListResult } from "./read/list-page.ts";
import { plainLength, slabPieces } from "./read/slab-bytes.ts";
import { inSlabs, sendPieces } from "./read/send-pieces.ts";
import { GZIP_BYTES_MIN } from "./read/send-whole.ts";

export function createListHandler({
  caches,
  storage,
  clock,
}: Pick<ApiServices, "caches" | "storage" | "clock">): Handler {
  const pages = new ListPages(storage, clock);
  return async (context, target) => {
    const form = negotiate(context.request.headers.accept, { hasProtobuf: hasProtobuf(target.strategy.resource) });
    if (form.as === "PartialObjectMetadata") throw notForLists(target.strategy.resource);
    const includeObject = includeObjectOf(context.query);
    const options = parseListOptions(context.query, false);
    const result = await pages.read(caches.cacheOf(target.strategy.resource), target.namespace, options);
    const metadata = metadataOf(result);
    if (form.format === "protobuf") return sendProtobuf(context, result, { strategy: target.strategy, form, metadata });
    const isPlain = form.as === undefined && form.format === "json" && !isPretty(context);
    if (isPlain && isLargePlainView(result) && wantsGzip(context)) {
      const { view } = result;
      const head = objectListHead(target.strategy, metadata);
      if (!begin(context, { "Content-Encoding": "gzip", Vary: "Accept-Encoding" })) return;
      return sendPieces(context.response, gzipParts(head, view.snapshot.parts(view.prefix), LIST_TAIL), context.signal);
    }
    if (isPlain && isLargePlainView(result)) {
      const { snapshot, prefix } = result.view;
      const list = { head: objectListHead(target.strategy, metadata), snapshot, prefix, tail: LIST_TAIL };
      if (!begin(context, { "Content-Length": plainLength(list) })) return;
      return sendPieces(context.response, slabPieces(list), context.signal);
    }
    const body = listBody(rowsOf(result), {
      strategy: target.strategy,
      form,
      includeObject,
      metadata,
      nowMs: clock.nowMs(),
    });
    if (form.format === "yaml" || isPretty(context)) {
      const json = Buffer.concat([...piecesOf(body)]);
      return sendObject(context, 200, parseStored(json) as object, json);
    }
    await sendBody(context, body, "application/json");
  };
}

async function sendProtobuf(context: RequestContext, result: ListResult, options: ProtobufListOptions): Promise<void> {
  const body = await protobufList([...rowsOf(result)], options, context.signal);
  if (body === undefined) return;
  const isPacked = (body.byteLength ?? 0) > GZIP_BYTES_MIN && wantsGzip(context);
  const isWhole = options.form.as === undefined && result.kind === "view" && result.view.isPlain;
  if (!isPacked || !isWhole) return sendBody(context, body, PROTOBUF_TYPE);
  const { snapshot, prefix } = result.view;
  if (!begin(context, { "Content-Encoding": "gzip", Vary: "Accept-Encoding" }, PROTOBUF_TYPE)) return;
  const parts = gzipParts(body.head, snapshot.parts(prefix), body.tail, protobufPieces(options.strategy));
  await sendPieces(context.response, parts, context.signal);
}

function metadataOf(result: ListResult): ListMeta {
  if (result.kind === "view") return { resourceVersion: String(result.view.revision) };
  const { revision, continueToken, remainingItemCount } = result.page;
  return {
    resourceVersion: String(revision),
    ...(continueToken === undefined ? {} : { continue: continueToken }),
    ...(remainingItemCount === undefined ? {} : { remainingItemCount }),
  };
}

function rowsOf(result: ListResult): Iterable<CachedRow> {
  return result.kind === "view" ? result.view.rows() : result.page.rows;
}

function isLargePlainView(result: ListResult): result is Extract<ListResult, { kind: "view" }> {
  if (result.kind !== "view" || !result.view.isPlain) return false;
  let bytes = 0;
  for (const { slab } of result.view.snapshot.parts(result.view.prefix)) {
    bytes += slab.byteLength;
    if (bytes > GZIP_BYTES_MIN) return true;
  }
  return false;
}

function wantsGzip(context: RequestContext): boolean {
  return acceptsGzip(context.request.headers["accept-encoding"]);
}

function* piecesOf({ head, items, tail }: ListBody): Generator<Buffer> {
  yield head;
  yield* items;
  yield tail;
}

/** Short answers at once and with their length; long ones in slabs, compressed when the client takes that. */
async function sendBody(context: RequestContext, body: ListBody, type: string): Promise<void> {
  const slabs = inSlabs(piecesOf(body))[Symbol.iterator]();
  const first = slabs.next();
  const second = slabs.next();
  if (first.done === true) return;
  if (second.done === true) {
    if (begin(context, { "Content-Length": first.value.length }, type)) context.response.end(first.value);
    return;
  }
  const pieces = resumed([first.value, second.value], slabs);
  if (!wantsGzip(context)) {
    // With its length known, an answer needs no chunks.
    const length = body.byteLength === undefined ? {} : { "Content-Length": body.byteLength };
    if (begin(context, length, type)) await sendPieces(context.response, pieces, context.signal);
    return;
  }
  if (!begin(context, { "Content-Encoding": "gzip", Vary: "Accept-Encoding" }, type)) return;
  const gzip = createGzip({ level: constants.Z_BEST_SPEED });
  await sendPieces(context.response, Readable.from(pieces).pipe(gzip) as AsyncIterable<Buffer>, context.signal);
}

function* resumed(taken: readonly Buffer[], rest: Iterator<Buffer>): Generator<Buffer> {
  yield* taken;
  for (let next = rest.next(); next.done !== true; next = rest.next()) yield next.value;
}

function begin(
  context: RequestContext,
  headers: Readonly<Record<string, string | number>>,
  type = "application/json",
): boolean {
  if (!beginAnswer(context)) return false;
  context.response.writeHead(200, { "Content-Type": type, ...headers });
  return true;
}
