import { rulesOf } from "../../../test/support/kind-rules.ts";
import { customResourceDefinitionStrategy } from "./custom-resource-definition.ts";

type Part = Record<string, unknown>;
type Rule = [string, Part, unknown[]];

const rules = rulesOf(customResourceDefinitionStrategy);
const names = { plural: "widgets", kind: "Widget" };
const object = { type: "object" };
const version = (more: Part = {}): Part => ({
  name: "v1",
  served: true,
  storage: true,
  schema: { openAPIV3Schema: object },
  ...more,
});
const definition = (more: Part = {}, name = "widgets.example.com", annotations?: Record<string, string>): Part => ({
  metadata: { name, ...(annotations === undefined ? {} : { annotations }) },
  spec: { group: "example.com", scope: "Namespaced", names, versions: [version()], ...more },
});
const withVersion = (more: Part): Part => definition({ versions: [version(more)] });
const withSchema = (schema: Part): Part => withVersion({ schema: { openAPIV3Schema: schema } });
const withField = (schema: Part): Part => withSchema({ ...object, properties: { a: schema } });
const VERSION = "spec.versions[0]";
const SCHEMA = `${VERSION}.schema.openAPIV3Schema`;
const FIELD = `${SCHEMA}.properties[a]`;

describe("the rules of custom resource definitions", () => {
  it.each<Rule>([
    [
      "another name than that of the resource",
      definition({}, "gadgets.example.com"),
      ['metadata.name: Invalid value: "gadgets.example.com": must be spec.names.plural+"."+spec.group'],
    ],
    [
      "a group without a dot",
      definition({ group: "example" }, "widgets.example"),
      ['spec.group: Invalid value: "example": should be a domain with at least one dot'],
    ],
    [
      "another scope",
      definition({ scope: "World" }),
      ['spec.scope: Unsupported value: "World": supported values: "Cluster", "Namespaced"'],
    ],
    [
      "names that are none",
      definition({ names: { ...names, singular: "W", kind: "1", listKind: "1", shortNames: ["A"] } }),
      [
        expect.stringMatching(/^spec.names.singular: Invalid value: "W": a DNS-1035 label/),
        expect.stringMatching(/^spec.names.kind: Invalid value: "1": may have mixed case, but should otherwise match:/),
        expect.stringMatching(/^spec.names.listKind: Invalid value: "1": may have mixed case, but should otherwise/),
        expect.stringMatching(/^spec.names.shortNames\[0\]: Invalid value: "A": a DNS-1035 label/),
        'spec.names.listKind: Invalid value: "1": kind and listKind may not be the same',
      ],
    ],
    ["no schema", withVersion({ schema: undefined }), [`${SCHEMA}: Required value`]],
    [
      "two versions that are stored, by the same name",
      definition({ versions: [version(), version()] }),
      [
        expect.stringMatching(/^spec.versions: Invalid value: .*: must contain unique version names$/),
        expect.stringMatching(
          /^spec.versions: Invalid value: .*: must have exactly one version marked as storage version$/,
        ),
      ],
    ],
    [
      "a warning about what is not deprecated",
      withVersion({ deprecationWarning: "gone" }),
      [`${VERSION}.deprecationWarning: Invalid value: "gone": can only be set for deprecated versions`],
    ],
    [
      "a warning that is none",
      withVersion({ deprecated: true, deprecationWarning: "a\nb" }),
      [
        expect.stringMatching(
          /must only contain printable UTF-8 characters; non-printable character found at index 1$/,
        ),
      ],
    ],
    [
      "columns of nothing",
      withVersion({ additionalPrinterColumns: [{ name: "", type: "list", format: "wide", jsonPath: "a" }] }),
      [
        `${VERSION}.additionalPrinterColumns[0].name: Required value`,
        `${VERSION}.additionalPrinterColumns[0].type: Invalid value: "list": must be one of boolean,date,integer,number,string`,
        `${VERSION}.additionalPrinterColumns[0].format: Invalid value: "wide": must be one of byte,date,date-time,double,float,int32,int64,password`,
        `${VERSION}.additionalPrinterColumns[0].JSONPath: Invalid value: "a": must be a simple json path starting with .`,
      ],
    ],
    [
      "a scale somewhere else",
      withVersion({ subresources: { scale: { specReplicasPath: ".status.a", statusReplicasPath: ".spec.a" } } }),
      [
        `${VERSION}.subresources.scale.specReplicasPath: Invalid value: ".status.a": should be a json path under .spec`,
        `${VERSION}.subresources.scale.statusReplicasPath: Invalid value: ".spec.a": should be a json path under .status`,
      ],
    ],
    [
      "selectors of what is not there",
      withVersion({ selectableFields: [{ jsonPath: ".spec.color" }] }),
      [
        `${VERSION}.selectableFields[0].jsonPath: Invalid value: ".spec.color": is an invalid path: does not refer to a valid field`,
      ],
    ],
    [
      "a schema of a list",
      withSchema({ type: "array", items: object }),
      [`${SCHEMA}.type: Invalid value: "array": must be object at the root`],
    ],
    [
      "a field without a type",
      withField({}),
      [`${FIELD}.type: Required value: must not be empty for specified object fields`],
    ],
    [
      "an unknown type",
      withField({ type: "text" }),
      [
        `${FIELD}.type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string"`,
      ],
    ],
    [
      "unique items",
      withField({ type: "array", items: { type: "string" }, uniqueItems: true }),
      [
        `${FIELD}.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`,
      ],
    ],
    [
      "properties of both kinds",
      withField({ type: "object", properties: { b: object }, additionalProperties: object }),
      [`${FIELD}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`],
    ],
    [
      "a map without keys",
      withField({ type: "array", items: object, "x-kubernetes-list-type": "map" }),
      [`${FIELD}.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map`],
    ],
    [
      "a conversion by nobody",
      definition({ conversion: { strategy: "Webhook" } }),
      [
        "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook",
        "spec.conversion.conversionReviewVersions: Required value",
      ],
    ],
    [
      "unknown fields that are kept everywhere",
      definition({ preserveUnknownFields: true }),
      [
        "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
      ],
    ],
    [
      "a group of the community without its approval",
      definition({ group: "apps.k8s.io" }, "widgets.apps.k8s.io"),
      [
        'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
      ],
    ],
  ])("refuse %s", (_, draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
  });

  it.each<[string, Part]>([
    ["a full one", withField({ type: "object", "x-kubernetes-preserve-unknown-fields": true })],
    [
      "a group of the community that says that nobody approved",
      definition({ group: "apps.k8s.io" }, "widgets.apps.k8s.io", {
        "api-approved.kubernetes.io": "unapproved, a test",
      }),
    ],
    [
      "selectors of what is there",
      withVersion({
        schema: {
          openAPIV3Schema: {
            ...object,
            properties: { spec: { ...object, properties: { color: { type: "string" } } } },
          },
        },
        selectableFields: [{ jsonPath: ".spec.color" }],
      }),
    ],
  ])("take %s", (_, draft) => {
    expect(rules.creation(draft)).toEqual([]);
  });

  it("fill in names, conversion and stored versions", () => {
    expect(rules.created(definition())).toMatchObject({
      spec: { names: { singular: "widget", listKind: "WidgetList" }, conversion: { strategy: "None" } },
      status: { storedVersions: ["v1"] },
    });
  });

  it("keep what objects are stored by", () => {
    const next = definition({ group: "b.com", names: { plural: "gadgets", kind: "Widget" } }, "gadgets.b.com");
    expect(rules.change(definition(), next)).toEqual([
      'spec.group: Invalid value: "b.com": field is immutable',
      'spec.names.plural: Invalid value: "gadgets": field is immutable',
    ]);
    const status = { storedVersions: ["v1"], conditions: [{ type: "Established", status: "True" }] };
    const moved = definition({ scope: "Cluster", names: { plural: "widgets", kind: "Gadget" } });
    expect(rules.change({ ...definition(), status }, moved)).toEqual([
      'spec.scope: Invalid value: "Cluster": field is immutable',
      'spec.names.kind: Invalid value: "Gadget": field is immutable',
    ]);
    expect(rules.change(definition(), moved)).toEqual([]);
  });

  it("keep a version as long as something may be stored in it", () => {
    const status = { storedVersions: ["v1"] };
    const next = definition({ versions: [version({ name: "v2" })] });
    expect(rules.change({ ...definition(), status }, next)).toEqual([
      expect.stringMatching(
        /^status.storedVersions\[0\]: Invalid value: "v1": missing from spec.versions; v1 was previously/,
      ),
    ]);
    const both = definition({ versions: [version({ storage: false }), version({ name: "v2" })] });
    expect(rules.changed({ ...definition(), status }, both)).toMatchObject({
      status: { storedVersions: ["v1", "v2"] },
    });
  });
});
