/** What Deployments, ReplicaSets and their kin have in common: a selector, a template, containers to show. */
import type { Container, PodTemplateSpec } from "../../../shared/api/generated/core/v1.ts";
import type { LabelSelector } from "../../../shared/api/generated/meta/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { selectorOf } from "../../../shared/machinery/label-selector.ts";
import type { KubeObject } from "../../../shared/resources/resource.ts";
import type { Column } from "../../registry/strategy.ts";
import { orNone, wideColumn } from "../../tables/columns.ts";
import { invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { validateLabelSelector } from "../../validation/label-selector.ts";
import { defaultPodSpec } from "../pod-spec/defaults.ts";
import { validatePodTemplate } from "../pod-spec/validate.ts";

export const NOT_NEGATIVE = "must be greater than or equal to 0";

/** Defaults of a template, in place; a missing spec becomes an empty one that validation then refuses. */
export function defaultTemplate(template: PodTemplateSpec | undefined): void {
  if (template === undefined) return;
  template.spec ??= { containers: [] };
  defaultPodSpec(template.spec);
}

/** A selector that is there, is not everything, and matches the template's own labels. */
export function selectorErrors(selector: LabelSelector | undefined, template: PodTemplateSpec): FieldError[] {
  if (selector === undefined) return [required("spec.selector")];
  const errors = validateLabelSelector(selector, "spec.selector");
  if (errors.length > 0) return errors;
  const isEmpty = Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0;
  if (isEmpty) return [invalidValue("spec.selector", selector, "empty selector is invalid for deployment")];
  if (selectorOf(selector).matches(template.metadata?.labels)) return [];
  return [
    invalidValue(
      "spec.template.metadata.labels",
      template.metadata?.labels,
      "`selector` does not match template `labels`",
    ),
  ];
}

/** Rules of the template of a workload whose pods always restart. */
export function templateErrors(template: PodTemplateSpec): FieldError[] {
  const errors = validatePodTemplate(template, "spec.template");
  const policy = template.spec?.restartPolicy;
  if (policy !== undefined && policy !== "Always")
    errors.push(notSupported("spec.template.spec.restartPolicy", policy, ["Always"]));
  if (template.spec?.activeDeadlineSeconds !== undefined) {
    errors.push({
      reason: "FieldValueForbidden",
      field: "spec.template.spec.activeDeadlineSeconds",
      detail: "Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported",
    });
  }
  return errors;
}

/** One error per named count that is negative. */
export function countErrors(counts: Readonly<Record<string, number | undefined>>): FieldError[] {
  return Object.entries(counts).flatMap(([field, count]) =>
    count !== undefined && count < 0 ? [invalidValue(field, count, NOT_NEGATIVE)] : [],
  );
}

export function selectorText(selector: LabelSelector | undefined): string {
  return selector === undefined ? "" : selectorOf(selector).toString();
}

/** Containers, images and selector, for `-o wide`. */
export function templateColumns<T extends KubeObject>(
  containers: (object: T) => readonly Container[],
  selector: (object: T) => string,
): readonly Column<T>[] {
  return [
    wideColumn("Containers", "Names of the containers of the template.", (object: T) =>
      containers(object)
        .map(({ name }) => name)
        .join(","),
    ),
    wideColumn("Images", "Images of the containers of the template.", (object: T) =>
      containers(object)
        .map(({ image }) => image ?? "")
        .join(","),
    ),
    wideColumn("Selector", "Which pods belong to it.", (object: T) => orNone(selector(object))),
  ];
}
