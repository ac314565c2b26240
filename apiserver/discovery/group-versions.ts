import { apiVersionOf } from "../../shared/resources/resource.ts";
import type { AnyStrategy } from "../registry/strategy.ts";

/** Order of groups in discovery, as upstream's priorities make it; groups that are not here follow by name. */
const GROUP_ORDER: readonly string[] = [
  "",
  "apiregistration.k8s.io",
  "apps",
  "events.k8s.io",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "networking.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "storage.k8s.io",
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "scheduling.k8s.io",
  "coordination.k8s.io",
  "node.k8s.io",
  "discovery.k8s.io",
  "resource.k8s.io",
  "flowcontrol.apiserver.k8s.io",
];

export interface VersionOfGroup {
  readonly version: string;
  /** `apps/v1`. */
  readonly groupVersion: string;
  /** Sorted by plural. */
  readonly strategies: readonly AnyStrategy[];
}

export interface Group {
  readonly name: string;
  /** The preferred one first. */
  readonly versions: readonly VersionOfGroup[];
}

/** `v2` before `v1`, both before `v1beta1`, that before `v1alpha1` (apimachinery `pkg/version`). */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [versionRank(left), versionRank(right)];
  return b.stage - a.stage || b.major - a.major || b.minor - a.minor || left.localeCompare(right);
}

function versionRank(version: string): { stage: number; major: number; minor: number } {
  const match = /^v([0-9]+)(?:(alpha|beta)([0-9]+))?$/u.exec(version);
  if (match === null) return { stage: -1, major: 0, minor: 0 };
  const stage = match[2] === undefined ? 2 : match[2] === "beta" ? 1 : 0;
  return { stage, major: Number(match[1]), minor: Number(match[3] ?? "0") };
}

function rankOf(group: string): number {
  const index = GROUP_ORDER.indexOf(group);
  return index === -1 ? GROUP_ORDER.length : index;
}

/** The served groups with their versions and resources, in the order of discovery. */
export function groupsOf(strategies: readonly AnyStrategy[]): Group[] {
  const byGroup = Map.groupBy(strategies, (one) => one.resource.group);
  return [...byGroup]
    .map(([name, members]) => ({ name, versions: versionsOf(members) }))
    .toSorted((a, b) => rankOf(a.name) - rankOf(b.name) || a.name.localeCompare(b.name));
}

function versionsOf(members: readonly AnyStrategy[]): VersionOfGroup[] {
  return [...Map.groupBy(members, (one) => one.resource.version)]
    .map(([version, strategies]) => ({
      version,
      groupVersion: apiVersionOf({ group: strategies[0]?.resource.group ?? "", version }),
      strategies: strategies.toSorted((a, b) => (a.resource.plural < b.resource.plural ? -1 : 1)),
    }))
    .toSorted((a, b) => compareVersions(a.version, b.version));
}
