/** The pieces of a LIST answer in its forms: head, objects joined by commas, tail. */
import { stringifyJson } from "../../../shared/machinery/lossless-json.ts";
import { apiVersionOf } from "../../../shared/resources/resource.ts";
import type { ListMeta } from "../../../shared/api/generated/meta/v1.ts";
import type { Negotiated } from "../../http/negotiate.ts";
import type { AnyStrategy } from "../../registry/strategy.ts";
import { type IncludeObject, tableOf } from "../../tables/table.ts";
import type { CachedRow } from "../../watch-cache/cached-row.ts";
import { partialBytes } from "./partial-object.ts";

const COMMA = Buffer.from(",");
/** Objects that are decoded in one turn of the event loop. */
const TABLE_BATCH_ROWS = 64;

export interface ListBody {
  readonly head: Buffer;
  /** Objects and the commas between them. */
  readonly items: Iterable<Buffer>;
  readonly tail: Buffer;
  /** Of all together, where that is known without making it. */
  readonly byteLength: number | undefined;
}

export interface ListBodyOptions {
  readonly strategy: AnyStrategy;
  readonly form: Negotiated;
  readonly includeObject: IncludeObject;
  readonly metadata: ListMeta;
  readonly nowMs: number;
}

export function listBody(rows: Iterable<CachedRow>, options: ListBodyOptions): ListBody {
  const { strategy, form, metadata } = options;
  const metaVersion = `meta.k8s.io/${form.version}`;
  if (form.as === "Table") return tableBody(rows, options);
  if (form.as === "PartialObjectMetadataList") {
    const head = listHead("PartialObjectMetadataList", metaVersion, metadata);
    const items = joined(bytesOf(rows, (row) => partialBytes(row, metaVersion)));
    return { head, items, tail: LIST_TAIL, byteLength: undefined };
  }
  const head = objectListHead(strategy, metadata);
  const listed = Array.from(rows);
  let byteLength = head.length + LIST_TAIL.length + Math.max(0, listed.length - 1) * COMMA.length;
  for (const row of listed) byteLength += row.bytes.length;
  return { head, items: joined(bytesOf(listed, (row) => row.bytes)), tail: LIST_TAIL, byteLength };
}

export const LIST_TAIL = Buffer.from("]}\n");

/** Start of the list of a resource's own kind. */
export function objectListHead({ resource }: AnyStrategy, metadata: ListMeta): Buffer {
  return listHead(`${resource.kind}List`, apiVersionOf(resource), metadata);
}

function listHead(kind: string, apiVersion: string, metadata: ListMeta): Buffer {
  return Buffer.from(`${stringifyJson({ kind, apiVersion, metadata }).slice(0, -1)},"items":[`);
}

function* bytesOf(rows: Iterable<CachedRow>, encode: (row: CachedRow) => Buffer): Generator<Buffer> {
  for (const row of rows) yield encode(row);
}

function* joined(items: Iterable<Buffer>): Generator<Buffer> {
  let isFirst = true;
  for (const item of items) {
    if (!isFirst) yield COMMA;
    isFirst = false;
    yield item;
  }
}

function tableBody(rows: Iterable<CachedRow>, options: ListBodyOptions): ListBody {
  const { strategy, form, metadata, includeObject, nowMs } = options;
  const apiVersion = `meta.k8s.io/${form.version}`;
  const table = tableOf(strategy, [], { metadata, nowMs, apiVersion });
  const { rows: _none, ...rest } = table;
  const head = Buffer.from(`${stringifyJson(rest).slice(0, -1)},"rows":[`);
  const encode = (batch: readonly CachedRow[]): Buffer => {
    const objects = batch.map((row) => row.decode());
    const made = tableOf(strategy, objects, { includeObject, nowMs, withColumns: false, apiVersion }).rows;
    return Buffer.from(stringifyJson(made).slice(1, -1));
  };
  return { head, items: joined(inBatches(inRowOrder(rows, strategy), encode)), tail: LIST_TAIL, byteLength: undefined };
}

/** The few kinds whose tables are not in the order of their keys are few objects, too. */
function inRowOrder(rows: Iterable<CachedRow>, strategy: AnyStrategy): Iterable<CachedRow> {
  return strategy.use(({ rowOrder }) => {
    if (rowOrder === undefined) return rows;
    const decoded = Array.from(rows, (row) => ({ row, object: row.decode() as never }));
    return decoded.sort((left, right) => rowOrder(left.object, right.object)).map(({ row }) => row);
  });
}

function* inBatches(rows: Iterable<CachedRow>, encode: (batch: readonly CachedRow[]) => Buffer): Generator<Buffer> {
  let batch: CachedRow[] = [];
  for (const row of rows) {
    batch.push(row);
    if (batch.length < TABLE_BATCH_ROWS) continue;
    yield encode(batch);
    batch = [];
  }
  if (batch.length > 0) yield encode(batch);
}
