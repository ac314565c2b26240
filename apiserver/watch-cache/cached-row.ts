/** One object of the cache: its wire bytes, made once, and the few facts that selectors ask for. What it says never changes. */
import type { ObjectMeta } from "../../shared/api/generated/meta/v1.ts";
import type { KubeObject } from "../../shared/resources/resource.ts";
import type { AnyStrategy } from "../registry/strategy.ts";
import { encodeStored, parseStored, withRevision } from "../storage/codec.ts";
import type { StoredValue } from "../storage/storage.ts";

/** `item` may be dropped and made again; its size stays the same. */
export interface ProtobufForm {
  readonly byteLength: number;
  item: Buffer | undefined;
}

export class CachedRow {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly revision: number;
  /** Wire form: `metadata.resourceVersion` is in it. */
  readonly bytes: Buffer;
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** Values of the form's selectable fields, in the order of `ObjectForm.fieldNames`. */
  readonly fields: readonly string[];
  /** The second byte form, made and kept by `handlers/read/protobuf-rows.ts`. */
  protobuf: ProtobufForm | undefined;
  #object: KubeObject | undefined;

  constructor(key: string, revision: number, bytes: Buffer, metadata: ObjectMeta, fields: readonly string[]) {
    this.key = key;
    this.namespace = metadata.namespace ?? "";
    this.name = metadata.name ?? "";
    this.revision = revision;
    this.bytes = bytes;
    this.labels = metadata.labels;
    this.fields = fields;
  }

  /** Decoded, kept from the first call on; shared, not to be changed. */
  get object(): KubeObject {
    this.#object ??= parseStored(this.bytes) as KubeObject;
    return this.#object;
  }

  /** Decoded for the caller alone; nothing is kept. */
  decode(): KubeObject {
    return parseStored(this.bytes) as KubeObject;
  }

  /** The same object under another revision: what a DELETED event shows. */
  atRevision(revision: number): CachedRow {
    const metadata = { name: this.name, namespace: this.namespace, labels: this.labels };
    return new CachedRow(this.key, revision, withRevision(this.bytes, revision), metadata, this.fields);
  }
}

/** How a resource shows the stored objects of its prefix: as they are, or converted (events of two groups). */
export class ObjectForm {
  /** Selectable fields beside `metadata.name` and `metadata.namespace`. */
  readonly fieldNames: readonly string[];
  readonly fieldAliases: Readonly<Record<string, string>>;
  readonly #fieldsOf: (object: KubeObject) => readonly string[];
  readonly #convert: ((stored: unknown) => KubeObject) | undefined;
  readonly #converted = new WeakMap<CachedRow, CachedRow>();

  constructor(strategy: AnyStrategy) {
    const declared = strategy.use((typed) => ({
      names: Object.keys(typed.selectableFields ?? {}),
      aliases: typed.fieldAliases ?? {},
      getters: Object.values(typed.selectableFields ?? {}) as unknown as ((object: KubeObject) => string)[],
      convert: typed.conversion?.fromStored.bind(typed.conversion) as ((stored: unknown) => KubeObject) | undefined,
    }));
    this.fieldNames = declared.names;
    this.fieldAliases = declared.aliases;
    this.#fieldsOf = (object) => declared.getters.map((getter) => getter(object));
    this.#convert = declared.convert;
  }

  get isStoredForm(): boolean {
    return this.#convert === undefined;
  }

  /** The row of a stored value. Throws when the bytes are no object. */
  rowOf(item: StoredValue): CachedRow {
    const stored = JSON.parse(item.value.toString("utf8")) as KubeObject;
    const bytes = withRevision(item.value, item.modRevision);
    return new CachedRow(item.key, item.modRevision, bytes, stored.metadata, this.#fieldsOf(stored));
  }

  /** A row of the stored form in this form; the second byte form is made at the first call. */
  view(row: CachedRow): CachedRow {
    if (this.#convert === undefined) return row;
    let view = this.#converted.get(row);
    if (view === undefined) {
      const object = this.#convert(row.decode());
      const bytes = withRevision(encodeStored(object), row.revision);
      view = new CachedRow(row.key, row.revision, bytes, object.metadata, this.#fieldsOf(object));
      this.#converted.set(row, view);
    }
    return view;
  }
}
