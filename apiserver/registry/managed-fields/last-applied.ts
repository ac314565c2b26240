/**
 * Moving from client-side to server-side apply: what kubectl's annotation says that it applied before is no conflict
 * for `kubectl apply --server-side` (upstream: `managedfields/internal/lastappliedmanager.go`, `lastappliedupdater.go`).
 */
import type { KubeObject } from "../../../shared/resources/resource.ts";
import { difference, type FieldSet, isEmptySet, union } from "../../schema/apply/field-set.ts";
import type { FieldType } from "../../schema/apply/field-type.ts";
import { fieldsNamedBy } from "../../schema/apply/to-field-set.ts";
import type { Contested } from "./own-changes.ts";

const ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration";
/** Manager name of `kubectl apply --server-side`. */
export const KUBECTL = "kubectl";
/** Sum of keys and values of all annotations. */
const ANNOTATIONS_BYTES_MAX = 262_144;

/** What is contested and was not applied by kubectl before. */
export function withoutLastApplied(type: FieldType, live: KubeObject, contested: Contested): Contested {
  const applied = lastAppliedFields(type, live);
  if (applied === undefined) return contested;
  const left = [...contested].map(([id, fields]) => [id, difference(fields, applied)] as const);
  return new Map(left.filter(([, fields]) => !isEmptySet(fields)));
}

function lastAppliedFields(type: FieldType, live: KubeObject): FieldSet | undefined {
  const text = live.metadata.annotations?.[ANNOTATION];
  if (text === undefined || text === "") return undefined;
  try {
    const own = { "f:metadata": { "f:annotations": { [`f:${ANNOTATION}`]: {} } } };
    return union(fieldsNamedBy(type, JSON.parse(text)), own);
  } catch {
    return undefined;
  }
}

/** Keeps the annotation as new as what was applied, for those who go back to client-side apply. */
export function renewLastApplied(object: KubeObject, config: object): void {
  const { annotations } = object.metadata;
  if (annotations?.[ANNOTATION] === undefined) return;
  const metadata = (config as Partial<KubeObject>).metadata;
  const { [ANNOTATION]: _annotation, ...others } = metadata?.annotations ?? {};
  const applied = { ...config, metadata: { ...metadata, annotations: others } };
  const text = `${JSON.stringify(applied)}\n`;
  object.metadata.annotations = { ...annotations, [ANNOTATION]: text.length > ANNOTATIONS_BYTES_MAX ? "" : text };
}
