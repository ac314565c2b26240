import { rulesOf } from "../../../test/support/kind-rules.ts";
import { flowSchemaStrategy } from "./flow-schema.ts";
import { mandatoryFlowSchemas, mandatoryPriorityLevels } from "./mandatory.ts";
import { priorityLevelConfigurationStrategy } from "./priority-level-configuration.ts";

type Part = Record<string, unknown>;
type Rule = [string, Part, unknown[]];

describe("the rules of flow schemas", () => {
  const rules = rulesOf(flowSchemaStrategy);
  const schema = (more: Part = {}, name = "x"): Part => ({
    metadata: { name },
    spec: { priorityLevelConfiguration: { name: "low" }, ...more },
  });
  const user = { kind: "User", user: { name: "jane" } };
  const resourceRule = { verbs: ["get"], apiGroups: [""], resources: ["pods"], namespaces: ["default"] };
  const rule = (more: Part): Part => schema({ rules: [{ subjects: [user], resourceRules: [resourceRule], ...more }] });
  const subject = (one: Part): Part => rule({ subjects: [one] });
  const resources = (more: Part): Part => rule({ resourceRules: [{ ...resourceRule, ...more }] });
  const urls = (...nonResourceURLs: string[]): Part =>
    rule({ nonResourceRules: [{ verbs: ["get"], nonResourceURLs }] });
  const AT = "spec.rules[0]";
  const PATHS = `${AT}.nonResourceRules[0].nonResourceURLs`;

  it.each<Rule>([
    [
      "a negative precedence",
      schema({ matchingPrecedence: -1 }),
      ["spec.matchingPrecedence: Invalid value: -1: must be a positive value"],
    ],
    [
      "a precedence out of bounds",
      schema({ matchingPrecedence: 10_001 }),
      ["spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000"],
    ],
    [
      "the precedence of the exempt",
      schema({ matchingPrecedence: 1 }),
      ["spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"],
    ],
    [
      "another way to tell flows apart",
      schema({ distinguisherMethod: { type: "ByMood" } }),
      [
        'spec.distinguisherMethod.type: Unsupported value: {"type":"ByMood"}: supported values: "ByNamespace", "ByUser"',
      ],
    ],
    [
      "no level",
      schema({ priorityLevelConfiguration: {} }),
      ["spec.priorityLevelConfiguration.name: Required value: must reference a priority level"],
    ],
    [
      "a level that is no name",
      schema({ priorityLevelConfiguration: { name: "A" } }),
      [expect.stringMatching(/^spec.priorityLevelConfiguration.name: Invalid value: "A": a lowercase RFC 1123/)],
    ],
    ["nobody", rule({ subjects: [] }), [`${AT}.subjects: Required value: subjects must contain at least one value`]],
    [
      "nothing",
      rule({ resourceRules: [] }),
      [`${AT}: Required value: at least one of resourceRules and nonResourceRules has to be non-empty`],
    ],
    [
      "another kind of subject",
      subject({ kind: "Dog" }),
      [`${AT}.subjects[0].kind: Unsupported value: "Dog": supported values: "Group", "ServiceAccount", "User"`],
    ],
    [
      "a user that is a group",
      subject({ kind: "User", group: { name: "a" } }),
      [
        `${AT}.subjects[0].user: Required value: user is required when subject kind is 'User'`,
        `${AT}.subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'`,
      ],
    ],
    ["a group without a name", subject({ kind: "Group", group: {} }), [`${AT}.subjects[0].group.name: Required value`]],
    [
      "a service account of nowhere",
      subject({ kind: "ServiceAccount", serviceAccount: {} }),
      [
        `${AT}.subjects[0].serviceAccount.name: Required value`,
        `${AT}.subjects[0].serviceAccount.namespace: Required value: must specify namespace for service account`,
      ],
    ],
    [
      "no verbs, groups, resources and namespaces",
      rule({ resourceRules: [{}] }),
      [
        `${AT}.resourceRules[0].verbs: Required value: verbs must contain at least one value`,
        `${AT}.resourceRules[0].apiGroups: Required value: resource rules must supply at least one api group`,
        `${AT}.resourceRules[0].resources: Required value: resource rules must supply at least one resource`,
        `${AT}.resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace`,
      ],
    ],
    [
      "everything and more",
      resources({ verbs: ["*", "get"], apiGroups: ["*", ""], resources: ["a", "*"], namespaces: ["*", "a"] }),
      [
        `${AT}.resourceRules[0].verbs: Invalid value: ["*","get"]: if '*' is present, must not specify other verbs`,
        `${AT}.resourceRules[0].apiGroups: Invalid value: ["*",""]: if '*' is present, must not specify other api groups`,
        `${AT}.resourceRules[0].resources: Invalid value: ["a","*"]: if '*' is present, must not specify other resources`,
        `${AT}.resourceRules[0].namespaces: Invalid value: ["*","a"]: if '*' is present, must not specify other namespaces`,
      ],
    ],
    [
      "a verb and a namespace that are none",
      resources({ verbs: ["look"], namespaces: ["A.b"] }),
      [
        expect.stringMatching(/^spec.rules\[0\].resourceRules\[0\].verbs: Unsupported value: \["look"\]: supported/),
        expect.stringContaining("each member of this list must be '*' or a DNS-1123 label; a lowercase RFC 1123 label"),
      ],
    ],
    ["no paths", urls(), [`${PATHS}: Required value: nonResourceURLs must contain at least one value`]],
    [
      "paths that are none",
      urls("", "a", "/a b", "/a//b", "/a*", "/*/a/*"),
      [
        `${PATHS}[0]: Invalid value: "": must not be empty`,
        `${PATHS}[1]: Invalid value: "a": must start with slash`,
        `${PATHS}[2]: Invalid value: "/a b": must not contain white-space`,
        `${PATHS}[3]: Invalid value: "/a//b": must not contain double slash`,
        `${PATHS}[4]: Invalid value: "/a*": wildcard can only do suffix matching`,
        `${PATHS}[5]: Invalid value: "/*/a/*": wildcard can only do suffix matching`,
      ],
    ],
  ])("refuse %s", (_, draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
  });

  it.each<[string, Part]>([
    ["all paths below one", urls("/healthz/*", "/")],
    ["any service account", subject({ kind: "ServiceAccount", serviceAccount: { name: "*", namespace: "a" } })],
    ["what is in no namespace", resources({ namespaces: [], clusterScope: true })],
  ])("take %s", (_, draft) => {
    expect(rules.creation(draft)).toEqual([]);
  });

  it("fix what every cluster has, and default the precedence", () => {
    for (const { metadata, spec } of mandatoryFlowSchemas) {
      expect(rules.creation({ metadata, spec })).toEqual([]);
      const other = { metadata, spec: { ...spec, matchingPrecedence: 5 } };
      expect(rules.creation(other)).toEqual([
        expect.stringMatching(
          new RegExp(`^spec: Invalid value: .*: spec of '${metadata.name}' must equal the fixed value$`),
        ),
      ]);
    }
    expect(rules.read(schema())).toMatchObject({ spec: { matchingPrecedence: 1000 } });
  });

  it("want conditions of different types", () => {
    const status = { conditions: [{ type: "A" }, { type: "A" }, {}] };
    expect(rules.change(schema(), { ...schema(), status }, "status")).toEqual([
      'status.conditions[1].type: Duplicate value: "A"',
      "status.conditions[2].type: Required value: must not be empty",
    ]);
  });
});

describe("the rules of priority levels", () => {
  const rules = rulesOf(priorityLevelConfigurationStrategy);
  const level = (spec: Part, name = "x"): Part => ({ metadata: { name }, spec });
  const limited = (more: Part): Part =>
    level({ type: "Limited", limited: { limitResponse: { type: "Reject" }, ...more } });
  const queuing = (more: Part): Part => limited({ limitResponse: { type: "Queue", queuing: more } });
  const AT = "spec.limited.limitResponse";

  it.each<Rule>([
    [
      "another type",
      level({ type: "Free" }),
      ['spec.type: Unsupported value: "Free": supported values: "Exempt", "Limited"'],
    ],
    [
      "an exemption by another name",
      level({ type: "Exempt", limited: {} }),
      [
        `spec.type: Invalid value: "Exempt": type must be 'Exempt' if and only if name is 'exempt'`,
        "spec.limited: Forbidden: must be nil if the type is not Limited",
      ],
    ],
    [
      "limits that are not there",
      level({ type: "Limited", exempt: {} }),
      [
        "spec.exempt: Forbidden: must be nil if the type is Limited",
        "spec.limited: Required value: must not be empty when type is Limited",
      ],
    ],
    [
      "numbers out of bounds",
      limited({ nominalConcurrencyShares: -1, lendablePercent: 101, borrowingLimitPercent: -1 }),
      [
        "spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer",
        "spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive",
        "spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer",
      ],
    ],
    [
      "another response",
      limited({ limitResponse: { type: "Laugh" } }),
      [`${AT}.type: Unsupported value: "Laugh": supported values: "Queue", "Reject"`],
    ],
    [
      "queues of those that are rejected",
      limited({ limitResponse: { type: "Reject", queuing: {} } }),
      [`${AT}.queuing: Forbidden: must be nil if limited.limitResponse.type is not Limited`],
    ],
    [
      "no queues",
      limited({ limitResponse: { type: "Queue" } }),
      [`${AT}.queuing: Required value: must not be empty if limited.limitResponse.type is Limited`],
    ],
    [
      "queues below zero",
      queuing({ queues: -1, handSize: -1, queueLengthLimit: -1 }),
      [
        `${AT}.queuing.queueLengthLimit: Invalid value: -1: must be positive`,
        `${AT}.queuing.queues: Invalid value: -1: must be positive`,
        `${AT}.queuing.handSize: Invalid value: -1: must be positive`,
      ],
    ],
    [
      "too many queues",
      queuing({ queues: 10_000_001, handSize: 1 }),
      [`${AT}.queuing.queues: Invalid value: 10000001: must not be greater than 10000000`],
    ],
    [
      "a hand that is larger than the deck",
      queuing({ queues: 4, handSize: 5 }),
      [`${AT}.queuing.handSize: Invalid value: 5: should not be greater than queues (4)`],
    ],
    [
      "a hand that the hash cannot deal",
      queuing({ queues: 512, handSize: 8 }),
      [
        `${AT}.queuing.handSize: Invalid value: 8: required entropy bits of deckSize 512 and handSize 8 should not be greater than 60`,
      ],
    ],
  ])("refuse %s", (_, draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
  });

  it("default shares and queues", () => {
    expect(rules.read(queuing({}))).toMatchObject({
      spec: {
        limited: {
          nominalConcurrencyShares: 30,
          lendablePercent: 0,
          limitResponse: { queuing: { queues: 64, handSize: 8, queueLengthLimit: 50 } },
        },
      },
    });
  });

  it("fix what every cluster has, but for what the exempt lend", () => {
    for (const { metadata, spec } of mandatoryPriorityLevels) expect(rules.creation({ metadata, spec })).toEqual([]);
    expect(rules.creation(level({ type: "Exempt", exempt: { lendablePercent: 50 } }, "exempt"))).toEqual([]);
    const other = { type: "Limited", limited: { limitResponse: { type: "Reject" } } };
    expect(rules.creation(level(other, "catch-all"))).toEqual([
      expect.stringMatching(/^spec: Invalid value: .*: spec of 'catch-all' must equal the fixed value$/),
    ]);
  });
});
