/** The lines of a watch in one form; a line of a change is made once and shared by all watchers of that form. */
import type { Status } from "../../../shared/api/generated/meta/v1.ts";
import { stringifyJson } from "../../../shared/machinery/lossless-json.ts";
import { apiVersionOf } from "../../../shared/resources/resource.ts";
import type { Negotiated } from "../../http/negotiate.ts";
import type { AnyStrategy } from "../../registry/strategy.ts";
import { type IncludeObject, tableOf } from "../../tables/table.ts";
import type { CachedRow } from "../../watch-cache/cached-row.ts";
import type { Change } from "../../watch-cache/selection.ts";
import { partialBytes } from "./partial-object.ts";

/** How a line is wrapped for its transport. */
export type Framing = "chunk" | "line" | "message";

export interface WatchEncoderOptions {
  readonly strategy: AnyStrategy;
  readonly form: Negotiated;
  readonly includeObject: IncludeObject;
  readonly framing: Framing;
  nowMs(): number;
}

/** Annotation of the bookmark that ends the initial events of a streamed list. */
const INITIAL_EVENTS_END = "k8s.io/initial-events-end";
const LINE_END = Buffer.from("}\n");
const CHUNK_END = Buffer.from("}\n\r\n");
const MESSAGE_END = Buffer.from("}");

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
    return this.#frame("BOOKMARK", Buffer.from(stringifyJson(object)));
  }

  error(status: Status): Buffer {
    return this.#frame("ERROR", Buffer.from(stringifyJson(status)));
  }

  #bytesOf(row: CachedRow): Buffer {
    const { form } = this.#options;
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
    const start = `{"type":"${type}","object":`;
    switch (this.#options.framing) {
      case "line":
        return Buffer.concat([Buffer.from(start), object, LINE_END]);
      case "message":
        return Buffer.concat([Buffer.from(start), object, MESSAGE_END]);
      case "chunk": {
        const size = start.length + object.length + LINE_END.length;
        return Buffer.concat([Buffer.from(`${size.toString(16)}\r\n${start}`), object, CHUNK_END]);
      }
    }
  }
}
