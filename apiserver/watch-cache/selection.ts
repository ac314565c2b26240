/**
 * Which objects a LIST or a WATCH is about: namespace, label selector and field selector compiled to one predicate on
 * rows, and the narrowest index that leads to them (upstream: SelectionPredicate of `apiserver/pkg/storage`).
 */
import { badRequest } from "../../shared/errors/status-error.ts";
import type { FieldRequirement } from "../../shared/machinery/field-selector.ts";
import type { Selector } from "../../shared/machinery/label-selector.ts";
import type { CachedRow, ObjectForm } from "./cached-row.ts";
import type { CacheEvent } from "./event-ring.ts";

export interface SelectionOptions {
  /** Empty: all namespaces. */
  readonly namespace: string;
  readonly labels: Selector;
  readonly fields: readonly FieldRequirement[];
}

/** What a watcher gets to see of an event. */
export interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly row: CachedRow;
  /** Where frames of it are shared; absent for initial events. */
  readonly event: CacheEvent | undefined;
}

/** Field that the cache has an index for: kubelets ask for the pods of their node. */
export const INDEXED_FIELD = "spec.nodeName";

export class Selection {
  readonly namespace: string;
  /** True when nothing but the namespace restricts it. */
  readonly isEverything: boolean;
  /** Set when only an object of this name can match. */
  readonly exactName: string | undefined;
  /** Set when only objects with this value of `INDEXED_FIELD` can match. */
  readonly indexedValue: string | undefined;
  readonly #form: ObjectForm;
  readonly #labels: Selector;
  readonly #tests: readonly ((row: CachedRow) => boolean)[];

  /** Throws 400 for a field that the resource does not select by. */
  constructor(form: ObjectForm, options: SelectionOptions) {
    this.#form = form;
    this.namespace = options.namespace;
    this.#labels = options.labels;
    this.#tests = options.fields.map((requirement) => testOf(form, requirement));
    const equal = (field: string): string | undefined =>
      options.fields.find((requirement) => requirement.field === field && requirement.operator === "=")?.value;
    this.exactName = equal("metadata.name");
    this.indexedValue = form.fieldNames.includes(INDEXED_FIELD) ? equal(INDEXED_FIELD) : undefined;
    this.isEverything = options.labels.isEverything && this.#tests.length === 0;
  }

  /** `row` is of the form. */
  matches(row: CachedRow): boolean {
    if (this.namespace !== "" && row.namespace !== this.namespace) return false;
    if (this.isEverything) return true;
    return this.#labels.matches(row.labels) && this.#tests.every((test) => test(row));
  }

  /** Objects that start or stop to match appear and disappear. */
  translate(event: CacheEvent): Change | undefined {
    const row = this.#form.view(event.row);
    if (event.type === "DELETED") return this.matches(row) ? { type: "DELETED", row, event } : undefined;
    const isNow = this.matches(row);
    const wasBefore = event.previous !== undefined && this.matches(this.#form.view(event.previous));
    if (isNow) return { type: wasBefore ? "MODIFIED" : "ADDED", row, event };
    if (!wasBefore || event.previous === undefined) return undefined;
    return { type: "DELETED", row: this.#form.view(event.previous).atRevision(event.revision), event };
  }
}

function testOf(form: ObjectForm, { field, operator, value }: FieldRequirement): (row: CachedRow) => boolean {
  const read = readerOf(form, field);
  return operator === "=" ? (row) => read(row) === value : (row) => read(row) !== value;
}

function readerOf(form: ObjectForm, field: string): (row: CachedRow) => string {
  if (field === "metadata.name") return (row) => row.name;
  if (field === "metadata.namespace") return (row) => row.namespace;
  const name = Object.hasOwn(form.fieldAliases, field) ? (form.fieldAliases[field] ?? field) : field;
  const index = form.fieldNames.indexOf(name);
  if (index < 0) throw badRequest(`field label not supported: ${field}`);
  return (row) => row.fields[index] ?? "";
}
