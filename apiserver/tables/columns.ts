/** Makers of the columns that many kinds share. */
import type { KubeObject } from "../../shared/resources/resource.ts";
import type { Column } from "../registry/strategy.ts";
import { ageOf } from "./human-duration.ts";

type Cell<T> = (object: T, nowMs: number) => string;

export const nameColumn: Column<KubeObject> = {
  name: "Name",
  type: "string",
  format: "name",
  description: "Name must be unique within a namespace.",
  cell: (object) => object.metadata.name,
};

export const ageColumn: Column<KubeObject> = {
  name: "Age",
  type: "string",
  description: "Time since the object was created.",
  cell: (object, nowMs) => ageOf(object.metadata.creationTimestamp, nowMs),
};

/** When it was created, as text (RBAC, CustomResourceDefinitions). */
export const createdAtColumn: Column<KubeObject> = {
  name: "Created At",
  type: "date",
  description: "When the object was created.",
  cell: (object) => object.metadata.creationTimestamp ?? null,
};

/** Numbers and flags stay what they are: some columns of text hold them, upstream. */
export function textColumn<T>(
  name: string,
  description: string,
  cell: (object: T, nowMs: number) => string | number | boolean,
): Column<T> {
  return { name, type: "string", description, cell };
}

/** Shown with `-o wide` only. */
export function wideColumn<T>(name: string, description: string, cell: Cell<T>): Column<T> {
  return { name, type: "string", description, priority: 1, cell };
}

export function countColumn<T>(name: string, description: string, cell: (object: T) => number): Column<T> {
  return { name, type: "integer", description, cell };
}

export function flagColumn<T>(name: string, description: string, cell: (object: T) => boolean): Column<T> {
  return { name, type: "boolean", description, cell };
}

/** `<none>` for what is missing or empty. */
export function orNone(text: string | undefined): string {
  return text === undefined || text === "" ? "<none>" : text;
}

/** `a=b,c=d`, sorted; `<none>` when there are none. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return orNone(pairs.sort().join(","));
}
