import { rulesOf } from "../../../test/support/kind-rules.ts";
import { mutatingWebhookConfigurationStrategy } from "./mutating-webhook-configuration.ts";
import { validatingWebhookConfigurationStrategy } from "./validating-webhook-configuration.ts";

type Part = Record<string, unknown>;
type Rule = [string, Part, unknown[]];

const validating = rulesOf(validatingWebhookConfigurationStrategy);
const mutating = rulesOf(mutatingWebhookConfigurationStrategy);

const hook = (more: Part = {}): Part => ({
  name: "check.example.com",
  admissionReviewVersions: ["v1"],
  sideEffects: "None",
  clientConfig: { url: "https://check.example.com" },
  ...more,
});
const configuration = (...webhooks: Part[]): Part => ({ webhooks });
const rule = { operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] };
const withRule = (more: Part): Part => hook({ rules: [{ ...rule, ...more }] });
const withUrl = (url: string): Part => hook({ clientConfig: { url } });
const withService = (service: Part): Part => hook({ clientConfig: { service } });
const RULE = "webhooks[0].rules[0]";
const CLIENT = "webhooks[0].clientConfig";
const FORM = "desired format: https://host[/path]";

describe("the rules of webhook configurations", () => {
  it.each<Rule>([
    ["no name", hook({ name: "" }), ["webhooks[0].name: Required value"]],
    [
      "a short name",
      hook({ name: "example.com" }),
      [
        'webhooks[0].name: Invalid value: "example.com": should be a domain with at least three segments separated by dots',
      ],
    ],
    [
      "rules of nothing",
      withRule({ operations: [], apiGroups: [], apiVersions: [], resources: [] }),
      ["operations", "apiGroups", "apiVersions", "resources"].map((field) => `${RULE}.${field}: Required value`),
    ],
    [
      "rules of everything and more",
      withRule({ operations: ["*", "CREATE"], apiGroups: ["*", ""], apiVersions: ["v1", "*"], scope: "World" }),
      [
        `${RULE}.operations: Invalid value: ["*","CREATE"]: if '*' is present, must not specify other operations`,
        `${RULE}.apiGroups: Invalid value: ["*",""]: if '*' is present, must not specify other API groups`,
        `${RULE}.apiVersions: Invalid value: ["v1","*"]: if '*' is present, must not specify other API versions`,
        `${RULE}.scope: Unsupported value: "World": supported values: "*", "Cluster", "Namespaced"`,
      ],
    ],
    [
      "another operation, and an empty version",
      withRule({ operations: ["READ"], apiVersions: [""] }),
      [
        `${RULE}.operations[0]: Unsupported value: "READ": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"`,
        `${RULE}.apiVersions[0]: Required value`,
      ],
    ],
    [
      "resources that include each other",
      withRule({ resources: ["", "pods/*", "pods/status", "*/scale", "jobs/scale"] }),
      [
        `${RULE}.resources[0]: Required value`,
        `${RULE}.resources[2]: Invalid value: "pods/status": if 'pods/*' is present, must not specify pods/status`,
        `${RULE}.resources[4]: Invalid value: "jobs/scale": if '*/scale' is present, must not specify jobs/scale`,
      ],
    ],
    [
      "all resources and one more",
      withRule({ resources: ["*", "pods"] }),
      [
        `${RULE}.resources: Invalid value: ["*","pods"]: if '*' is present, must not specify other resources without subresources`,
      ],
    ],
    [
      "all subresources and one more",
      withRule({ resources: ["*/*", "pods"] }),
      [`${RULE}.resources: Invalid value: ["*/*","pods"]: if '*/*' is present, must not specify other resources`],
    ],
    [
      "other policies",
      hook({ failurePolicy: "Try", matchPolicy: "Some", sideEffects: "Some", timeoutSeconds: 31 }),
      [
        'webhooks[0].failurePolicy: Unsupported value: "Try": supported values: "Fail", "Ignore"',
        'webhooks[0].matchPolicy: Unsupported value: "Some": supported values: "Equivalent", "Exact"',
        'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
        "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
      ],
    ],
    [
      "nothing about side effects",
      hook({ sideEffects: undefined }),
      ["webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun"],
    ],
    [
      "no versions",
      hook({ admissionReviewVersions: [] }),
      ["webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1"],
    ],
    [
      "versions that nobody knows",
      hook({ admissionReviewVersions: ["v2", "v2", "1"] }),
      [
        'webhooks[0].admissionReviewVersions[1]: Invalid value: "v2": duplicate version',
        expect.stringMatching(/^webhooks\[0\].admissionReviewVersions\[2\]: Invalid value: "1": a DNS-1035 label/),
        'webhooks[0].admissionReviewVersions: Invalid value: ["v2","v2","1"]: must include at least one of v1, v1beta1',
      ],
    ],
    [
      "neither address nor service",
      hook({ clientConfig: {} }),
      [`${CLIENT}: Required value: exactly one of url or service is required`],
    ],
    [
      "an address that is none",
      withUrl("http://user@host/?a=b#c"),
      [
        `${CLIENT}.url: Invalid value: "http": 'https' is the only allowed URL scheme; ${FORM}`,
        `${CLIENT}.url: Invalid value: "user": user information is not permitted in the URL`,
        `${CLIENT}.url: Invalid value: "c": fragments are not permitted in the URL`,
        `${CLIENT}.url: Invalid value: "a=b": query parameters are not permitted in the URL`,
      ],
    ],
    [
      "an address without a host",
      withUrl("https:///a"),
      [`${CLIENT}.url: Invalid value: "": host must be specified; ${FORM}`],
    ],
    [
      "a service of nowhere",
      withService({ port: 70_000, path: "a//b" }),
      [
        `${CLIENT}.service.name: Required value`,
        `${CLIENT}.service.namespace: Required value`,
        `${CLIENT}.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive`,
        `${CLIENT}.service.path: Invalid value: "a//b": must start with a '/'`,
        `${CLIENT}.service.path: Invalid value: "a//b": segment[0] may not be empty`,
        `${CLIENT}.service.path: Invalid value: "a//b": segment[1] may not be empty`,
      ],
    ],
    [
      "conditions that say nothing, or twice the same",
      hook({
        matchConditions: [
          { name: "a", expression: " " },
          { name: "a", expression: "true" },
          { name: "", expression: "true" },
        ],
      }),
      [
        "webhooks[0].matchConditions[0].expression: Required value",
        'webhooks[0].matchConditions[1].name: Duplicate value: "a"',
        "webhooks[0].matchConditions[2].name: Required value",
      ],
    ],
  ])("refuse %s", (_, draft, problems) => {
    expect(validating.creation(configuration(draft))).toEqual(problems);
    expect(mutating.creation(configuration(draft))).toEqual(problems);
  });

  it("refuse the same name twice, unless it is stored", () => {
    const twice = configuration(hook(), hook());
    expect(validating.creation(twice)).toEqual(['webhooks[1].name: Duplicate value: "check.example.com"']);
    expect(validating.change(twice, twice)).toEqual([]);
  });

  it("let stored side effects and versions be", () => {
    const old = configuration(hook({ sideEffects: "Unknown", admissionReviewVersions: ["v2"] }));
    expect(validating.change(old, old)).toEqual([]);
    expect(validating.change(old, configuration(hook({ sideEffects: "Some" })))).toEqual([]);
  });

  it("warn about names of what is configured by files", () => {
    const draft = { metadata: { name: "a.static.k8s.io" }, ...configuration() };
    expect(mutating.warnings(draft)).toEqual([
      'metadata.name: names ending with ".static.k8s.io" are reserved for static manifest-based configurations and cannot be managed via the API',
    ]);
    expect(validating.warnings(configuration())).toEqual([]);
  });

  it("fill in what is left out", () => {
    const read = mutating.read(configuration(hook({ rules: [rule], clientConfig: { service: { name: "a" } } })));
    expect(read).toMatchObject({
      webhooks: [
        {
          failurePolicy: "Fail",
          matchPolicy: "Equivalent",
          namespaceSelector: {},
          objectSelector: {},
          timeoutSeconds: 10,
          reinvocationPolicy: "Never",
          rules: [{ scope: "*" }],
          clientConfig: { service: { port: 443 } },
        },
      ],
    });
    expect(mutating.creation(configuration(hook({ reinvocationPolicy: "Always" })))).toEqual([
      'webhooks[0].reinvocationPolicy: Unsupported value: "Always": supported values: "IfNeeded", "Never"',
    ]);
  });
});
