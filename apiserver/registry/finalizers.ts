import type { FieldError } from "../../shared/errors/status-error.ts";
import type { KubeObject } from "../../shared/resources/resource.ts";

/** Dependents lose their owner reference and stay. */
export const ORPHAN_FINALIZER = "orphan";
/** Dependents go first. */
export const FOREGROUND_FINALIZER = "foregroundDeletion";

/** The two ways of propagation exclude each other. */
export function propagationErrors({ metadata }: KubeObject): FieldError[] {
  const all = metadata.finalizers ?? [];
  if (!all.includes(ORPHAN_FINALIZER) || !all.includes(FOREGROUND_FINALIZER)) return [];
  const why = `finalizer ${ORPHAN_FINALIZER} and ${FOREGROUND_FINALIZER} cannot be both set`;
  const detail = `Invalid value: ${JSON.stringify(all)}: ${why}`;
  return [{ reason: "FieldValueInvalid", field: "metadata.finalizers", detail }];
}
