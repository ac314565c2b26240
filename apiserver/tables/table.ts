/** `kubectl get`: objects as rows of a `meta.k8s.io/v1 Table` (`apiserver/pkg/registry/rest/table.go`). */
import type { ListMeta } from "../../shared/api/generated/meta/v1.ts";
import type { KubeObject } from "../../shared/resources/resource.ts";
import type { AnyStrategy, Column, RowCondition } from "../registry/strategy.ts";
import { ageColumn, nameColumn } from "./columns.ts";

export type IncludeObject = "None" | "Metadata" | "Object";

export interface TableOptions {
  /** What each row carries beside its cells; `Metadata` is what upstream does when nothing is asked. */
  readonly includeObject?: IncludeObject;
  readonly nowMs: number;
  /** `metadata` of the list, or of the single object. */
  readonly metadata?: ListMeta;
  /** False on later events of a watch: clients keep the columns of the first. */
  readonly withColumns?: boolean;
  /** `meta.k8s.io/v1` unless an old client asks for `meta.k8s.io/v1beta1`. */
  readonly apiVersion?: string;
}

export interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

export interface TableRow {
  readonly cells: readonly (string | number | boolean | null)[];
  readonly conditions?: readonly RowCondition[];
  readonly object?: unknown;
}

export interface Table {
  readonly kind: "Table";
  readonly apiVersion: string;
  readonly metadata: ListMeta;
  readonly columnDefinitions: readonly ColumnDefinition[];
  readonly rows: readonly TableRow[];
}

/** `objects` must be of the strategy's kind. */
export function tableOf(strategy: AnyStrategy, objects: readonly KubeObject[], options: TableOptions): Table {
  return strategy.use((typed) => {
    const columns: readonly Column<never>[] = typed.columns ?? [nameColumn, ageColumn];
    const { apiVersion = "meta.k8s.io/v1", includeObject = "Metadata" } = options;
    return {
      kind: "Table",
      apiVersion,
      metadata: options.metadata ?? {},
      columnDefinitions: options.withColumns === false ? [] : columns.map(definitionOfColumn),
      rows: objects.map((object) => ({
        // The one place where an object of the list meets the columns of its kind.
        cells: columns.map((column) => column.cell(object as never, options.nowMs)),
        ...conditionsOfRow(typed.rowConditions?.(object as never) ?? []),
        ...objectOfRow(object, includeObject, apiVersion),
      })),
    };
  });
}

function definitionOfColumn(column: Column<never>): ColumnDefinition {
  return {
    name: column.name,
    type: column.type,
    format: column.format ?? "",
    description: column.description,
    priority: column.priority ?? 0,
  };
}

function conditionsOfRow(conditions: readonly RowCondition[]): { conditions?: readonly RowCondition[] } {
  return conditions.length === 0 ? {} : { conditions };
}

function objectOfRow(object: KubeObject, include: IncludeObject, apiVersion: string): { object?: unknown } {
  switch (include) {
    case "None":
      return {};
    case "Object":
      return { object };
    case "Metadata":
      return { object: { kind: "PartialObjectMetadata", apiVersion, metadata: object.metadata } };
  }
}
