/**
 * Another version of a kind whose objects are stored in the first: it has a shape and defaults of its own, and every
 * rule of the stored form, asked through the conversion (upstream: one strategy on the internal type, many versions).
 */
import type { FieldError } from "../../shared/errors/status-error.ts";
import type { Draft, KubeObject, Resource } from "../../shared/resources/resource.ts";
import {
  type AnyStrategy,
  type Column,
  serve,
  type StatusStrategy,
  type StrategyDeclaration,
} from "../registry/strategy.ts";

export interface SecondVersion<S extends KubeObject, T extends KubeObject> {
  readonly resource: Resource<T>;
  /** Both are pure, total, and lose nothing on a round trip. */
  fromStored(stored: S): T;
  toStored(object: T): S;
  defaults?(object: T): void;
  readonly example: Draft<T>;
}

type Rule<S> = ((next: S, previous: S) => FieldError[]) | undefined;

/** Replaces what an object holds; it and its metadata stay the ones that the write flow knows. */
function refill(object: KubeObject, from: KubeObject): void {
  const { metadata } = object;
  for (const target of [metadata, object]) for (const name of Object.keys(target)) Reflect.deleteProperty(target, name);
  Object.assign(metadata, from.metadata);
  Object.assign(object, from, { metadata });
}

export function serveVersion<S extends KubeObject, T extends KubeObject>(
  stored: StrategyDeclaration<S>,
  version: SecondVersion<S, T>,
): AnyStrategy {
  const to = (object: T): S => version.toStored(object);
  const columnOf = (column: Column<S>): Column<T> => ({
    ...column,
    cell: (object, nowMs) => column.cell(to(object), nowMs),
  });
  const ruleOf = (rule: Rule<S>): ((next: T, previous: T) => FieldError[]) =>
    rule === undefined ? () => [] : (next, previous) => rule(to(next), to(previous));
  const prepare = (object: T, change: (form: S) => void): void => {
    const form = to(object);
    change(form);
    refill(object, version.fromStored(form));
  };
  const statusOf = (status: StatusStrategy<S>): StatusStrategy<T> => ({
    prepareForUpdate: (next, previous, origin) =>
      prepare(next, (form) => status.prepareForUpdate?.(form, to(previous), origin)),
    validateUpdate: ruleOf(status.validateUpdate?.bind(status)),
  });
  const { shortNames = [], categories = [], storagePrefix, columns = [], status } = stored;
  return serve<T>({
    resource: version.resource,
    shortNames,
    categories,
    storagePrefix,
    conversion: { fromStored: (form) => version.fromStored(form as S), toStored: to },
    ...(version.defaults === undefined ? {} : { defaults: version.defaults.bind(version) }),
    prepareForCreate: (object, origin) => prepare(object, (form) => stored.prepareForCreate?.(form, origin)),
    prepareForUpdate: (next, previous, origin) =>
      prepare(next, (form) => stored.prepareForUpdate?.(form, to(previous), origin)),
    ...(status === undefined ? {} : { status: statusOf(status) }),
    validate: (object, previous) =>
      stored.validate?.(to(object), previous === undefined ? undefined : to(previous)) ?? [],
    validateUpdate: ruleOf(stored.validateUpdate?.bind(stored)),
    columns: columns.map(columnOf),
    example: version.example,
  });
}
