import { rulesOf } from "../../../test/support/kind-rules.ts";
import { tableOf } from "../../tables/table.ts";
import { apiServiceStrategy } from "./api-service.ts";

type Part = Record<string, unknown>;

const rules = rulesOf(apiServiceStrategy);
const service = { namespace: "default", name: "metrics" };
const api = (more: Part = {}, name = "v1.metrics.example.com"): Part => ({
  metadata: { name },
  spec: {
    group: "metrics.example.com",
    version: "v1",
    groupPriorityMinimum: 100,
    versionPriority: 10,
    service,
    ...more,
  },
});
const CA = Buffer.from("certificate").toString("base64");

describe("the rules of API services", () => {
  it.each<[string, Part, unknown[]]>([
    [
      "another name than its version",
      api({}, "metrics"),
      ['metadata.name: Invalid value: "metrics": must be `spec.version+"."+spec.group`: "v1.metrics.example.com"'],
    ],
    [
      "a version of no group",
      api({ group: "", version: "v2" }, "v2."),
      ["spec.group: Required value: only v1 may have an empty group and it better be legacy kube"],
    ],
    [
      "names that are none",
      api({ group: "A", version: "1" }, "1.A"),
      [
        expect.stringMatching(/^spec.group: Invalid value: "A": a lowercase RFC 1123 subdomain/),
        expect.stringMatching(/^spec.version: Invalid value: "1": a DNS-1035 label/),
      ],
    ],
    [
      "priorities out of bounds",
      api({ groupPriorityMinimum: 20_001, versionPriority: 0 }),
      [
        "spec.groupPriorityMinimum: Invalid value: 20001: must be positive and less than 20000",
        "spec.versionPriority: Invalid value: 0: must be positive and less than 1000",
      ],
    ],
    [
      "a service of nowhere",
      api({ service: { port: 70_000 } }),
      [
        "spec.service.namespace: Required value",
        "spec.service.name: Required value",
        "spec.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive",
      ],
    ],
    [
      "trust that is not asked for",
      api({ caBundle: CA, insecureSkipTLSVerify: true }),
      ["spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present"],
    ],
    [
      "trust in this server",
      api({ service: undefined, caBundle: CA, insecureSkipTLSVerify: true }),
      [
        'spec.caBundle: Invalid value: "11 bytes": local APIServices may not have a caBundle',
        "spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify",
      ],
    ],
  ])("refuse %s", (_, draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
  });

  it("say at once that what this server answers is there", () => {
    expect(rules.created(api({ service: undefined }))).toMatchObject({
      status: { conditions: [{ type: "Available", status: "True", reason: "Local" }] },
    });
    expect(rules.created(api())).toMatchObject({ spec: { service: { port: 443 } }, status: {} });
  });

  it("know three states of a condition", () => {
    const status = { conditions: [{ type: "Available", status: "Maybe" }] };
    expect(rules.change(api(), { ...api(), status }, "status")).toEqual([
      'status.conditions[0].status: Unsupported value: "Maybe": supported values: "True", "False", "Unknown"',
    ]);
  });

  it.each<[Part, string, string]>([
    [api({ service: undefined }), "Local", "Unknown"],
    [{ ...api(), status: { conditions: [{ type: "Available", status: "True" }] } }, "default/metrics", "True"],
    [
      { ...api(), status: { conditions: [{ type: "Available", status: "False", reason: "MissingEndpoints" }] } },
      "default/metrics",
      "False (MissingEndpoints)",
    ],
  ])("show who serves it, and whether", (draft, who, whether) => {
    const [row] = tableOf(apiServiceStrategy, [rules.read(draft)], { nowMs: 0 }).rows;
    expect(row?.cells.slice(1, 3)).toEqual([who, whether]);
  });
});
