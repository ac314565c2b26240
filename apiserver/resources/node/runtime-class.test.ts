import { rulesOf } from "../../../test/support/kind-rules.ts";
import { runtimeClassStrategy } from "./runtime-class.ts";

type Part = Record<string, unknown>;

const rules = rulesOf(runtimeClassStrategy);
const runtime = (more: Part = {}): Part => ({ handler: "runc", ...more });

describe("the rules of runtime classes", () => {
  it.each<[string, Part, unknown[]]>([
    ["a handler with dots", runtime({ handler: "a.b" }), ['handler: Invalid value: "a.b": must not contain dots']],
    [
      "a handler in capitals",
      runtime({ handler: "Runc" }),
      [expect.stringMatching(/^handler: Invalid value: "Runc": a lowercase RFC 1123 label must consist of/)],
    ],
    [
      "an overhead below zero",
      runtime({ overhead: { podFixed: { cpu: "-1" } } }),
      ['overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
    ],
    [
      "labels and tolerations that are none",
      runtime({ scheduling: { nodeSelector: { "a b": "c" }, tolerations: [{ operator: "Equal" }] } }),
      [
        expect.stringMatching(/^scheduling.nodeSelector: Invalid value: "a b": name part must consist of/),
        expect.stringMatching(/^scheduling.tolerations\[0\].operator: Invalid value: "Equal": operator must be Exists/),
      ],
    ],
  ])("refuse %s", (_, draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
  });

  it("take all that there is", () => {
    const scheduling = { nodeSelector: { a: "b" }, tolerations: [{ operator: "Exists" }] };
    expect(rules.creation(runtime({ overhead: { podFixed: { cpu: "100m" } }, scheduling }))).toEqual([]);
  });

  it("keep the handler", () => {
    expect(rules.change(runtime(), runtime({ handler: "kata" }))).toEqual([
      'handler: Invalid value: "kata": field is immutable',
    ]);
  });

  it("warn about labels of nodes that have another name now", () => {
    expect(rules.warnings(runtime({ scheduling: { nodeSelector: { "beta.kubernetes.io/os": "linux" } } }))).toEqual([
      'scheduling.nodeSelector: deprecated since v1.14; use "kubernetes.io/os" instead',
    ]);
  });
});
