import type { ParamKind, ParamRef } from "../../../shared/api/generated/admissionregistration/v1.ts";
import { selectorOf } from "../../../shared/machinery/label-selector.ts";

const UNSET = "<unset>";

export function paramKindText(kind: ParamKind | undefined): string {
  return kind === undefined ? UNSET : `${kind.apiVersion ?? ""}/${kind.kind ?? ""}`;
}

/** Name with namespace; `*` for a namespace that is that of the object in question. */
export function paramRefText(reference: ParamRef | undefined): string {
  const { name = "", namespace = "", selector } = reference ?? {};
  if (name !== "") return `${namespace === "" ? "*" : namespace}/${name}`;
  return selector === undefined ? UNSET : selectorOf(selector).toString();
}
