/** What Deployments, ReplicaSets and their kin have in common: a selector, a template, containers to show. */
import type { Container, PodTemplateSpec } from "../../../shared/api/generated/core/v1.ts";
import type { LabelSelector } from "../../../shared/api/generated/meta/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { selectorOf } from "../../../shared/machinery/label-selector.ts";
import type { KubeObject } from "../../../shared/resources/resource.ts";
import type { Column } from "../../registry/strategy.ts";
import { orNone, wideColumn } from "../../tables/columns.ts";
import { forbiddenField, invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { validateLabelSelector } from "../../validation/label-selector.ts";
import { dnsLabelProblems } from "../../validation/names.ts";
import { defaultPodSpec } from "../pod-spec/defaults.ts";
import { validatePodTemplate } from "../pod-spec/validate.ts";
import { podTemplateWarnings } from "../pod-spec/warnings.ts";

const NOT_NEGATIVE = "must be greater than or equal to 0";

/** Defaults of a template, in place; a missing spec becomes an empty one that validation then refuses. */
export function defaultTemplate(template: PodTemplateSpec | undefined): void {
  if (template === undefined) return;
  template.spec ??= { containers: [] };
  defaultPodSpec(template.spec);
}

export const isEmptySelector = ({ matchLabels, matchExpressions }: LabelSelector): boolean =>
  Object.keys(matchLabels ?? {}).length + (matchExpressions ?? []).length === 0;

/** How upstream words what is wrong with a selector. */
interface SelectorWords {
  /** The kind that an empty selector is invalid for. */
  readonly kind: string;
  /** Said once more of a selector that cannot be read. */
  readonly unreadable: string;
}

/** A selector that is there, is not everything, and matches the template's own labels. */
export function selectorErrors(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec,
  { kind, unreadable }: SelectorWords,
): FieldError[] {
  if (selector === undefined) return [required("spec.selector"), ...mismatchErrors(selector, template)];
  const errors = validateLabelSelector(selector, "spec.selector");
  if (errors.length > 0) return [...errors, invalidValue("spec.selector", selector, unreadable)];
  if (isEmptySelector(selector))
    return [invalidValue("spec.selector", selector, `empty selector is invalid for ${kind}`)];
  return mismatchErrors(selector, template);
}

/** The error of a template that a good selector does not match, or none. */
export function mismatchErrors(selector: LabelSelector | undefined, template: PodTemplateSpec): FieldError[] {
  const labels = template.metadata?.labels;
  if (selectorOf(selector).matches(labels)) return [];
  return [invalidValue("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")];
}

/** Rules of the template of a workload whose pods always restart; `kind` as upstream names it in the message. */
export function templateErrors(template: PodTemplateSpec, kind: string): FieldError[] {
  return [...validatePodTemplate(template, "spec.template"), ...endlessErrors(template, kind)];
}

/** Pods that a workload keeps alive restart always, and have no deadline. */
export function endlessErrors({ spec }: PodTemplateSpec, kind: string): FieldError[] {
  const { restartPolicy, activeDeadlineSeconds } = spec ?? {};
  return [
    ...(restartPolicy === "Always"
      ? []
      : [notSupported("spec.template.spec.restartPolicy", restartPolicy ?? "", ["Always"])]),
    ...(activeDeadlineSeconds === undefined
      ? []
      : [
          forbiddenField(
            "spec.template.spec.activeDeadlineSeconds",
            `activeDeadlineSeconds in ${kind} is not Supported`,
          ),
        ]),
  ];
}

/** One error per named count that is negative. */
export function countErrors(counts: Readonly<Record<string, number | undefined>>): FieldError[] {
  return Object.entries(counts).flatMap(([field, count]) =>
    count !== undefined && Number(count) < 0 ? [invalidValue(field, count, NOT_NEGATIVE)] : [],
  );
}

/** A counter of collisions only grows. */
export function collisionErrors(now: number | undefined, before: number | undefined): FieldError[] {
  return before !== undefined && (now ?? 0) < before
    ? [invalidValue("status.collisionCount", now ?? 0, "cannot be decremented")]
    : [];
}

/** `[a b]`, as Go prints a list of texts. */
const goList = (texts: readonly string[]): string => `[${texts.join(" ")}]`;

/** Pods are called after their workload, and a host name is a DNS label. */
export function podNameWarnings(name: string): string[] {
  const problems = dnsLabelProblems(name);
  const why =
    "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: ";
  return problems.length === 0 ? [] : [`${why}${goList(problems)}`];
}

/** Warnings about the template, at creation and when an update made a new generation. */
export function templateWarnings(
  next: KubeObject,
  previous: KubeObject | undefined,
  template: PodTemplateSpec,
): string[] {
  const isSame = previous !== undefined && next.metadata.generation === previous.metadata.generation;
  return isSame ? [] : podTemplateWarnings(template, "spec.template");
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
