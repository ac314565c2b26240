/** What a namespace that is being deleted says about its progress (upstream: `namespace/deletion/status_condition_utils.go`). */
import type { NamespaceCondition } from "../../../shared/api/generated/core/v1.ts";
import { findCondition } from "../../../shared/machinery/conditions.ts";
import { timestamp } from "../../runtime/timestamp.ts";

/** How one pass of deletion went. */
export interface DeletionReport {
  readonly discoveryFailures: readonly string[];
  readonly deletionFailures: readonly string[];
  /** Number of objects that are still there, by `plural.group`. */
  readonly remaining: ReadonlyMap<string, number>;
  /** Number of objects that wait for a finalizer, by finalizer. */
  readonly finalizers: ReadonlyMap<string, number>;
}

interface Rule {
  readonly type: string;
  readonly good: readonly [reason: string, message: string];
  readonly bad: (report: DeletionReport) => readonly [reason: string, message: string] | undefined;
}

const listed = (counts: ReadonlyMap<string, number>, text: (key: string, count: number) => string): string =>
  [...counts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, count]) => text(key, count))
    .join(", ");

const RULES: readonly Rule[] = [
  {
    type: "NamespaceDeletionDiscoveryFailure",
    good: ["ResourcesDiscovered", "All resources successfully discovered"],
    bad: ({ discoveryFailures: failures }) =>
      failures.length === 0
        ? undefined
        : [
            "DiscoveryFailed",
            `Discovery failed for some groups, ${failures.length} failing: unable to retrieve the complete list of server APIs: ${failures.join(", ")}`,
          ],
  },
  {
    type: "NamespaceDeletionGroupVersionParsingFailure",
    good: ["ParsedGroupVersions", "All legacy kube types successfully parsed"],
    bad: () => undefined,
  },
  {
    type: "NamespaceDeletionContentFailure",
    good: ["ContentDeleted", "All content successfully deleted, may be waiting on finalization"],
    bad: ({ deletionFailures: failures }) =>
      failures.length === 0
        ? undefined
        : [
            "ContentDeletionFailed",
            `Failed to delete all resource types, ${failures.length} remaining: ${failures.join(", ")}`,
          ],
  },
  {
    type: "NamespaceContentRemaining",
    good: ["ContentRemoved", "All content successfully removed"],
    bad: ({ remaining }) =>
      remaining.size === 0
        ? undefined
        : [
            "SomeResourcesRemain",
            `Some resources are remaining: ${listed(remaining, (key, count) => `${key} has ${count} resource instances`)}`,
          ],
  },
  {
    type: "NamespaceFinalizersRemaining",
    good: ["ContentHasNoFinalizers", "All content-preserving finalizers finished"],
    bad: ({ finalizers }) =>
      finalizers.size === 0
        ? undefined
        : [
            "SomeFinalizersRemain",
            `Some content in the namespace has finalizers remaining: ${listed(finalizers, (key, count) => `${key} in ${count} resource instances`)}`,
          ],
  },
];

/** The conditions after that pass; those that did not change keep their time. */
export function deletionConditions(
  present: readonly NamespaceCondition[],
  report: DeletionReport,
  nowMs: number,
): NamespaceCondition[] {
  const others = present.filter(({ type }) => !RULES.some((rule) => rule.type === type));
  const own = RULES.map(({ type, good, bad }) => {
    const failure = bad(report);
    const [reason, message] = failure ?? good;
    const status = failure === undefined ? "False" : "True";
    const known = findCondition(present, type);
    const lastTransitionTime = known?.status === status ? known.lastTransitionTime : timestamp(nowMs);
    return { type, status, reason, message, lastTransitionTime };
  });
  return [...others, ...own];
}
