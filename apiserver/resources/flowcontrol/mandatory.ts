/** The objects of flow control whose spec nobody may change (`apiserver/pkg/apis/flowcontrol/bootstrap/default.go`). */
import type {
  FlowSchema,
  PolicyRulesWithSubjects,
  PriorityLevelConfiguration,
  Subject,
} from "../../../shared/api/generated/flowcontrol/v1.ts";

/** Says whether the apiserver may bring the spec up to date. */
export const AUTOUPDATE_ANNOTATION = "apf.kubernetes.io/autoupdate-spec";
const annotations = { [AUTOUPDATE_ANNOTATION]: "true" };

export function groupSubjects(...names: readonly string[]): Subject[] {
  return names.map((name) => ({ kind: "Group", group: { name } }));
}

/** Every request of these subjects. */
export function everythingOf(subjects: Subject[]): PolicyRulesWithSubjects {
  return {
    subjects,
    resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"], clusterScope: true, namespaces: ["*"] }],
    nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
  };
}

export function flowSchema(
  name: string,
  level: string,
  matchingPrecedence: number,
  distinguisher: "ByUser" | "ByNamespace" | undefined,
  rule: PolicyRulesWithSubjects,
): FlowSchema {
  return {
    metadata: { name, annotations: { ...annotations } },
    spec: {
      priorityLevelConfiguration: { name: level },
      matchingPrecedence,
      ...(distinguisher === undefined ? {} : { distinguisherMethod: { type: distinguisher } }),
      rules: [rule],
    },
  };
}

export function priorityLevel(name: string, spec: PriorityLevelConfiguration["spec"]): PriorityLevelConfiguration {
  return { metadata: { name, annotations: { ...annotations } }, spec };
}

export const EVERYBODY = ["system:unauthenticated", "system:authenticated"];

export const mandatoryFlowSchemas: readonly FlowSchema[] = [
  flowSchema("exempt", "exempt", 1, undefined, everythingOf(groupSubjects("system:masters"))),
  flowSchema("catch-all", "catch-all", 10_000, "ByUser", everythingOf(groupSubjects(...EVERYBODY))),
];

export const mandatoryPriorityLevels: readonly PriorityLevelConfiguration[] = [
  priorityLevel("catch-all", {
    type: "Limited",
    limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: "Reject" } },
  }),
  priorityLevel("exempt", { type: "Exempt", exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } }),
];
