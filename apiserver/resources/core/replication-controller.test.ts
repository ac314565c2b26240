/** ReplicationControllers and PodTemplates, the oldest of those that hold templates. */
import { rulesOf } from "../../../test/support/kind-rules.ts";
import { podTemplateStrategy } from "./pod-template.ts";
import { replicationControllerStrategy } from "./replication-controller.ts";

type Fields = Record<string, unknown>;

const rules = rulesOf(replicationControllerStrategy);
const template = (spec: Fields = {}, labels: object = { app: "web" }): Fields => ({
  metadata: { labels },
  spec: { containers: [{ name: "a", image: "a:1" }], ...spec },
});
const controller = (spec: Fields = {}, more: Fields = {}): object => ({
  ...more,
  spec: { template: template(), ...spec },
});
const NEGATIVE = "must be greater than or equal to 0";

describe("a replication controller", () => {
  it("takes its selector and its labels from its template", () => {
    expect(rules.created(controller())).toMatchObject({
      metadata: { labels: { app: "web" } },
      spec: { selector: { app: "web" }, replicas: 1 },
    });
    expect(rules.creation(controller())).toEqual([]);
    expect(
      rules.change(controller(), controller({ selector: { b: "c" }, template: template({}, { b: "c" }) })),
    ).toEqual([]);
  });

  it.each<[string, object, string[]]>([
    ["no template", { spec: { selector: { a: "b" } } }, ["spec.template: Required value"]],
    ["no selector", controller({ template: template({}, {}) }), ["spec.selector: Required value"]],
    [
      "other pods",
      controller({ selector: { a: "b" } }),
      ['spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`'],
    ],
    [
      "fewer than none",
      controller({ replicas: -1, minReadySeconds: -1 }),
      [`spec.minReadySeconds: Invalid value: -1: ${NEGATIVE}`, `spec.replicas: Invalid value: -1: ${NEGATIVE}`],
    ],
    [
      "pods that end",
      controller({ template: template({ restartPolicy: "OnFailure", activeDeadlineSeconds: 1 }) }),
      [
        'spec.template.spec.restartPolicy: Unsupported value: "OnFailure": supported values: "Always"',
        "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicationController is not Supported",
      ],
    ],
  ])("does not take %s", (_, draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
  });

  it.each<[Fields, string]>([
    [{ replicas: -1 }, `status.replicas: Invalid value: -1: ${NEGATIVE}`],
    [
      { replicas: 0, readyReplicas: 1 },
      "status.readyReplicas: Invalid value: 1: cannot be greater than status.replicas",
    ],
    [
      { replicas: 2, availableReplicas: 1 },
      "status.availableReplicas: Invalid value: 1: cannot be greater than readyReplicas",
    ],
  ])("does not take the status %j", (status, problem) => {
    expect(rules.change(controller(), controller({}, { status }), "status")).toContain(problem);
  });

  it("leaves its pods when it goes, unless told otherwise", () => {
    replicationControllerStrategy.use((typed) => expect(typed.defaultPropagation).toBe("Orphan"));
  });

  it("is warned about by its name", () => {
    const long = controller({}, { metadata: { name: "a.b", namespace: "default" } });
    expect(rules.warnings(long)).toEqual([
      expect.stringContaining("a DNS label is recommended: [must not contain dots]"),
    ]);
    expect(rules.warnings(long, long)).toEqual([]);
  });
});

describe("a pod template", () => {
  const templates = rulesOf(podTemplateStrategy);
  it("is checked, and warned about", () => {
    expect(templates.creation({ template: template({ containers: [] }) })).toEqual([
      "template.spec.containers: Required value",
    ]);
    const odd = { template: template({ nodeSelector: { "beta.kubernetes.io/os": "linux" } }) };
    expect(templates.warnings(odd)).toEqual([
      'template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
    ]);
    expect(templates.warnings(odd, odd)).toEqual([]);
  });
});
