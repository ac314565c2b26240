import type { FieldError } from "../../../shared/errors/status-error.ts";
import { duplicate, tooMany } from "../../validation/field-errors.ts";

type Check<T> = (item: T, field: string) => FieldError[];

/** Errors of the items; of their number only when there are too many. */
export function listErrors<T>(items: readonly T[], max: number, field: string, check: Check<T>): FieldError[] {
  if (items.length > max) return [tooMany(field, items.length, max)];
  return items.flatMap((item, index) => check(item, `${field}[${index}]`));
}

/** The same for items that must differ in their key. */
export function setErrors<T>(
  items: readonly T[],
  max: number,
  field: string,
  check: Check<T>,
  keyOf: (item: T) => string,
): FieldError[] {
  if (items.length > max) return [tooMany(field, items.length, max)];
  const seen = new Set<string>();
  const repeated = items.flatMap((item, index) => {
    const key = keyOf(item);
    const isKnown = seen.has(key);
    seen.add(key);
    return isKnown ? [duplicate(`${field}[${index}]`, key)] : [];
  });
  return [...listErrors(items, max, field, check), ...repeated];
}

/** Errors of keys and values; of their number only when there are too many. */
export function mapErrors<T>(
  items: Readonly<Record<string, T>>,
  max: number,
  field: string,
  check: (key: string, item: T, field: string) => FieldError[],
): FieldError[] {
  const entries = Object.entries(items);
  if (entries.length > max) return [tooMany(field, entries.length, max)];
  return entries.flatMap(([key, item]) => check(key, item, `${field}[${key}]`));
}
