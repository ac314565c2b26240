import { rulesOf } from "../../../test/support/kind-rules.ts";
import { tableOf } from "../../tables/table.ts";
import { mutatingAdmissionPolicyBindingStrategy } from "./mutating-admission-policy-binding.ts";
import { mutatingAdmissionPolicyStrategy } from "./mutating-admission-policy.ts";
import { validatingAdmissionPolicyBindingStrategy } from "./validating-admission-policy-binding.ts";
import { validatingAdmissionPolicyStrategy } from "./validating-admission-policy.ts";

type Part = Record<string, unknown>;
type Rule = [string, Part, unknown[]];

const rule = { operations: ["CREATE"], apiGroups: ["apps"], apiVersions: ["v1"], resources: ["deployments"] };
const matchConstraints = { resourceRules: [rule] };

describe("the rules of validating policies", () => {
  const rules = rulesOf(validatingAdmissionPolicyStrategy);
  const policy = (more: Part = {}): Part => ({
    spec: { matchConstraints, validations: [{ expression: "true" }], ...more },
  });
  const NOTHING = "validations or auditAnnotations must contain at least one item";

  it.each<Rule>([
    ["no constraints", policy({ matchConstraints: undefined }), ["spec.matchConstraints: Required value"]],
    [
      "constraints without rules",
      policy({ matchConstraints: {} }),
      ["spec.matchConstraints.resourceRules: Required value"],
    ],
    [
      "names of objects that are none, or twice",
      policy({ matchConstraints: { resourceRules: [{ ...rule, resourceNames: ["a/b", "c", "c"] }] } }),
      [
        `spec.matchConstraints.resourceRules[0].resourceNames[0]: Invalid value: "a/b": may not contain '/'`,
        'spec.matchConstraints.resourceRules[0].resourceNames[2]: Duplicate value: "c"',
      ],
    ],
    [
      "another failure policy",
      policy({ failurePolicy: "Try" }),
      ['spec.failurePolicy: Unsupported value: "Try": supported values: "Fail", "Ignore"'],
    ],
    [
      "nothing to check",
      policy({ validations: [] }),
      [`spec.validations: Required value: ${NOTHING}`, `spec.auditAnnotations: Required value: ${NOTHING}`],
    ],
    [
      "a check that says nothing",
      policy({ validations: [{ expression: " ", message: " ", messageExpression: " ", reason: "Odd" }] }),
      [
        "spec.validations[0].expression: Required value: expression is not specified",
        'spec.validations[0].messageExpression: Invalid value: " ": must be non-empty if specified',
        'spec.validations[0].message: Invalid value: " ": message must be non-empty if specified',
        'spec.validations[0].reason: Unsupported value: "Odd": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"',
      ],
    ],
    [
      "a message of two lines",
      policy({ validations: [{ expression: "true", message: "a\nb" }] }),
      ['spec.validations[0].message: Invalid value: "a\\nb": message must not contain line breaks'],
    ],
    [
      "parameters of no kind",
      policy({ paramKind: { apiVersion: "a/b/c" } }),
      [
        'spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
        "spec.paramKind.kind: Required value",
      ],
    ],
    [
      "variables without names, or by names that CEL has",
      policy({
        variables: [
          { name: "", expression: "" },
          { name: "for", expression: "1" },
        ],
      }),
      [
        "spec.variables[0].name: Required value: name is not specified",
        "spec.variables[0].expression: Required value: expression is not specified",
        'spec.variables[1].name: Invalid value: "for": name is not a valid CEL identifier',
      ],
    ],
    [
      "annotations twice, without a value",
      policy({
        auditAnnotations: [
          { key: "a", valueExpression: "1" },
          { key: "a", valueExpression: "" },
        ],
      }),
      [
        "spec.auditAnnotations[1].valueExpression: Required value: valueExpression is not specified",
        'spec.auditAnnotations[1].key: Duplicate value: "a"',
      ],
    ],
  ])("refuse %s", (_, draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
  });

  it("fill in what is left out, and keep the status apart", () => {
    expect(rules.created({ ...policy(), status: { observedGeneration: 5 } })).toMatchObject({
      spec: {
        failurePolicy: "Fail",
        matchConstraints: {
          matchPolicy: "Equivalent",
          namespaceSelector: {},
          objectSelector: {},
          resourceRules: [{ scope: "*" }],
        },
      },
      status: {},
    });
    const checked = { ...policy(), status: { typeChecking: { expressionWarnings: [{ fieldRef: "", warning: "" }] } } };
    expect(rules.change(policy(), checked, "status")).toEqual([
      "status.typeChecking.expressionWarnings[0].warning: Required value",
      "status.typeChecking.expressionWarnings[0].fieldRef: Required value",
    ]);
  });
});

describe("the rules of mutating policies", () => {
  const rules = rulesOf(mutatingAdmissionPolicyStrategy);
  const apply = { patchType: "ApplyConfiguration", applyConfiguration: { expression: "Object{}" } };
  const policy = (more: Part = {}): Part => ({
    spec: { matchConstraints, reinvocationPolicy: "Never", mutations: [apply], ...more },
  });

  it.each<Rule>([
    [
      "deletions",
      policy({ matchConstraints: { resourceRules: [{ ...rule, operations: ["DELETE"] }] } }),
      [
        'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
      ],
    ],
    [
      "nothing to change",
      policy({ mutations: [] }),
      ["spec.mutations: Required value: mutations must contain at least one item"],
    ],
    ["no type of patch", policy({ mutations: [{ patchType: "" }] }), ["spec.mutations[0].patchType: Required value"]],
    [
      "another type of patch",
      policy({ mutations: [{ patchType: "Merge" }] }),
      ['spec.mutations[0].patchType: Unsupported value: "Merge": supported values: "ApplyConfiguration", "JSONPatch"'],
    ],
    [
      "the patch of another type",
      policy({ mutations: [{ ...apply, patchType: "JSONPatch" }] }),
      [
        "spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch",
        'spec.mutations[0].applyConfiguration: Invalid value: "{applyConfiguration}": must not be specified when patchType is JSONPatch',
      ],
    ],
    ["no reinvocation policy", policy({ reinvocationPolicy: "" }), ["spec.reinvocationPolicy: Required value"]],
  ])("refuse %s", (_, draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
  });
});

describe.each([
  { kind: "validating", strategy: validatingAdmissionPolicyBindingStrategy, more: { validationActions: ["Deny"] } },
  { kind: "mutating", strategy: mutatingAdmissionPolicyBindingStrategy, more: {} },
])("the rules of bindings of $kind policies", ({ strategy, more }) => {
  const rules = rulesOf(strategy);
  const binding = (fields: Part): Part => ({ spec: { policyName: "a", ...more, ...fields } });
  const BOTH = "name and selector are mutually exclusive";

  it.each<Rule>([
    ["no policy", binding({ policyName: "" }), ["spec.policyName: Required value"]],
    [
      "parameters that are not there",
      binding({ paramRef: {} }),
      [
        "spec.paramRef: Required value: one of name or selector must be specified",
        "spec.paramRef.parameterNotFoundAction: Required value",
      ],
    ],
    [
      "parameters by name and by selector",
      binding({ paramRef: { name: "a", selector: {}, parameterNotFoundAction: "Wait" } }),
      [
        `spec.paramRef.name: Forbidden: ${BOTH}`,
        `spec.paramRef.selector: Forbidden: ${BOTH}`,
        'spec.paramRef.parameterNotFoundAction: Unsupported value: "Wait": supported values: "Deny", "Allow"',
      ],
    ],
  ])("refuse %s", (_, draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
  });

  it("show what they are about", () => {
    const cells = (fields: Part): unknown =>
      tableOf(strategy, [rules.read(binding(fields))], { nowMs: 0 }).rows[0]?.cells[2];
    expect(cells({})).toBe("<unset>");
    expect(cells({ paramRef: { name: "p", parameterNotFoundAction: "Deny" } })).toBe("*/p");
    expect(cells({ paramRef: { name: "p", namespace: "n", parameterNotFoundAction: "Deny" } })).toBe("n/p");
    expect(cells({ paramRef: { selector: { matchLabels: { a: "b" } }, parameterNotFoundAction: "Deny" } })).toBe("a=b");
  });
});

describe("the actions of bindings", () => {
  const rules = rulesOf(validatingAdmissionPolicyBindingStrategy);
  it.each<[string, string[], unknown[]]>([
    ["none", [], ["spec.validationActions: Required value: at least one validation action is required"]],
    [
      "another one, twice",
      ["Log", "Log"],
      [
        'spec.validationActions[0]: Unsupported value: "Log": supported values: "Audit", "Deny", "Warn"',
        'spec.validationActions[1]: Unsupported value: "Log": supported values: "Audit", "Deny", "Warn"',
        'spec.validationActions[1]: Duplicate value: "Log"',
      ],
    ],
    [
      "refusing and warning at once",
      ["Deny", "Warn"],
      [expect.stringContaining("must not contain both Deny and Warn (repeating the same validation failure")],
    ],
  ])("cannot be %s", (_, validationActions, problems) => {
    expect(rules.creation({ spec: { policyName: "a", validationActions } })).toEqual(problems);
  });
});
