import { rulesOf } from "../../../test/support/kind-rules.ts";
import { priorityClassStrategy } from "./priority-class.ts";

type Part = Record<string, unknown>;

const rules = rulesOf(priorityClassStrategy);
const named = (name: string, more: Part): Part => ({ metadata: { name }, ...more });
const RESERVED = "priority class names with 'system-' prefix are reserved for system use only. error:";

describe("the rules of priority classes", () => {
  it.each<[string, Part, string[]]>([
    [
      "a priority of the system's",
      { value: 1_000_000_001 },
      ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"],
    ],
    [
      "a name of the system's",
      named("system-mine", { value: 1 }),
      [`metadata.name: Forbidden: ${RESERVED} system-mine is not a known system priority class`],
    ],
    [
      "another value of the system's class",
      named("system-node-critical", { value: 1 }),
      [`metadata.name: Forbidden: ${RESERVED} value of system-node-critical PriorityClass must be 2000001000`],
    ],
    [
      "the system's class as a default",
      named("system-cluster-critical", { value: 2_000_000_000, globalDefault: true }),
      [`metadata.name: Forbidden: ${RESERVED} globalDefault of system-cluster-critical PriorityClass must be false`],
    ],
    ["an empty policy", { value: 1, preemptionPolicy: "" }, ["preemptionPolicy: Required value"]],
    [
      "another policy",
      { value: 1, preemptionPolicy: "Ask" },
      ['preemptionPolicy: Unsupported value: "Ask": supported values: "PreemptLowerPriority", "Never"'],
    ],
  ])("refuse %s", (_, draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
  });

  it.each<[string, Part]>([
    ["the highest priority of users", { value: 1_000_000_000, preemptionPolicy: "Never" }],
    ["a negative priority", { value: -5 }],
    ["the system's own classes", named("system-node-critical", { value: 2_000_001_000 })],
  ])("take %s", (_, draft) => {
    expect(rules.creation(draft)).toEqual([]);
  });

  it("keep value and policy, and let the rest change", () => {
    expect(rules.change({ value: 1 }, { value: 2, preemptionPolicy: "Never" })).toEqual([
      "value: Forbidden: may not be changed in an update.",
      'preemptionPolicy: Invalid value: "Never": field is immutable',
    ]);
    expect(rules.change({ value: 1 }, { value: 1, description: "more", globalDefault: true })).toEqual([]);
  });

  it("preempt unless told otherwise", () => {
    expect(rules.read({ value: 1 })).toMatchObject({ preemptionPolicy: "PreemptLowerPriority" });
  });
});
