/**
 * The frames of a watch in one form; a frame of a change is made once and shared by all watchers of that form. JSON: a
 * line for each event. Protobuf: a bare `WatchEvent` with the object in its envelope, its length in four bytes before.
 */
import type { Status } from "../../../shared/api/generated/meta/v1.ts";
import { stringifyJson } from "../../../shared/machinery/lossless-json.ts";
import { apiVersionOf } from "../../../shared/resources/resource.ts";
import type { Negotiated } from "../../http/negotiate.ts";
import type { AnyStrategy } from "../../registry/strategy.ts";
import { encodeProtobuf, fieldHead } from "../../schema/protobuf-writer.ts";
import { type IncludeObject, tableOf } from "../../tables/table.ts";
import type { CachedRow } from "../../watch-cache/cached-row.ts";
import type { Change } from "../../watch-cache/selection.ts";
import { partialBytes } from "./partial-object.ts";
import { protobufOf } from "./protobuf-rows.ts";

/** How an event is wrapped for its transport: an HTTP chunk, a stream of bytes, or messages. */
export type Framing = "chunk" | "stream" | "message";

export interface WatchEncoderOptions {
  readonly strategy: AnyStrategy;
  readonly form: Negotiated;
  readonly includeObject: IncludeObject;
  readonly framing: Framing;
  nowMs(): number;
}

/** Annotation of the bookmark that ends the initial events of a streamed list. */
const INITIAL_EVENTS_END = "k8s.io/initial-events-end";
const OBJECT_END = Buffer.from("}");
const LINE_END = Buffer.from("}\n");
const CHUNK_END = Buffer.from("\r\n");
/** Of `WatchEvent` and of the `RawExtension` in it. */
const TYPE_FIELD = 1;
const OBJECT_FIELD = 2;
const RAW_FIELD = 1;

export class WatchEncoder {
  readonly #options: WatchEncoderOptions;
  /** Frames with this key are the same for every watcher. */
  readonly #formKey: string;
  #hasSentColumns = false;

  constructor(options: WatchEncoderOptions) {
    this.#options = options;
    const { form, framing, includeObject, strategy } = options;
    const { group, version } = strategy.resource;
    this.#formKey = [
      framing,
      form.format,
      group,
      version,
      form.as ?? "",
      form.version,
      form.as === "Table" ? includeObject : "",
    ].join(" ");
  }

  change({ type, row, event }: Change): Buffer {
    const isShared = event !== undefined && (this.#options.form.as !== "Table" || this.#hasSentColumns);
    if (!isShared) return this.#frame(type, this.#bytesOf(row));
    const key = `${this.#formKey} ${type}`;
    let frame = event.frames.get(key);
    if (frame === undefined) {
      frame = this.#frame(type, this.#bytesOf(row));
      event.frames.set(key, frame);
    }
    return frame;
  }

  bookmark(revision: number, isInitialEnd = false): Buffer {
    const { form, strategy } = this.#options;
    const metadata = {
      resourceVersion: String(revision),
      ...(isInitialEnd ? { annotations: { [INITIAL_EVENTS_END]: "true" } } : {}),
    };
    const metaVersion = `meta.k8s.io/${form.version}`;
    const { kind } = strategy.resource;
    if (form.as === "Table") return this.#frame("BOOKMARK", this.#table([], metadata));
    const object =
      form.as === undefined
        ? { kind, apiVersion: apiVersionOf(strategy.resource), metadata }
        : { kind: form.as, apiVersion: metaVersion, metadata };
    return this.#frame("BOOKMARK", this.#encode(object));
  }

  error(status: Status): Buffer {
    return this.#frame("ERROR", this.#encode({ kind: "Status", apiVersion: "v1", ...status }));
  }

  #encode(object: object): Buffer {
    const protobuf = this.#options.form.format === "protobuf" ? encodeProtobuf(object) : undefined;
    return protobuf ?? Buffer.from(stringifyJson(object));
  }

  #bytesOf(row: CachedRow): Buffer {
    const { form, strategy } = this.#options;
    if (form.format === "protobuf") return protobufOf(row, form, strategy.resource);
    if (form.as === undefined) return row.bytes;
    if (form.as === "Table") return this.#table([row], { resourceVersion: String(row.revision) });
    return partialBytes(row, `meta.k8s.io/${form.version}`);
  }

  #table(rows: readonly CachedRow[], metadata: object): Buffer {
    const { strategy, form, includeObject, nowMs } = this.#options;
    const withColumns = !this.#hasSentColumns;
    this.#hasSentColumns = true;
    const objects = rows.map((row) => row.decode());
    const apiVersion = `meta.k8s.io/${form.version}`;
    const options = { includeObject, nowMs: nowMs(), metadata, withColumns, apiVersion };
    return Buffer.from(stringifyJson(tableOf(strategy, objects, options)));
  }

  #frame(type: string, object: Buffer): Buffer {
    const { form, framing } = this.#options;
    const isMessage = framing === "message";
    const parts =
      form.format === "protobuf"
        ? protobufEvent(type, object, isMessage)
        : [Buffer.from(`{"type":"${type}","object":`), object, isMessage ? OBJECT_END : LINE_END];
    if (framing !== "chunk") return Buffer.concat(parts);
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    return Buffer.concat([Buffer.from(`${size.toString(16)}\r\n`), ...parts, CHUNK_END]);
  }
}

function protobufEvent(type: string, object: Buffer, isMessage: boolean): Buffer[] {
  const raw = fieldHead(RAW_FIELD, object.length);
  const kind = Buffer.from(type);
  const head = Buffer.concat([
    fieldHead(TYPE_FIELD, kind.length),
    kind,
    fieldHead(OBJECT_FIELD, raw.length + object.length),
    raw,
  ]);
  if (isMessage) return [head, object];
  const length = Buffer.alloc(4);
  length.writeUInt32BE(head.length + object.length);
  return [length, head, object];
}
