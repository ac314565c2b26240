import { rulesOf } from "../../../test/support/kind-rules.ts";
import { tableOf } from "../../tables/table.ts";
import { certificateSigningRequestStrategy } from "./certificate-signing-request.ts";
import { EXAMPLE_REQUEST } from "./example-request.ts";

type Part = Record<string, unknown>;

const rules = rulesOf(certificateSigningRequestStrategy);
const request = (more: Part = {}, status?: Part): Part => ({
  metadata: { name: "x" },
  spec: { request: EXAMPLE_REQUEST, signerName: "example.com/signer", usages: ["client auth"], ...more },
  ...(status === undefined ? {} : { status }),
});
const withConditions = (...conditions: Part[]): Part => request({}, { conditions });
const approved = { type: "Approved", status: "True" };
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const pem = (type: string, body = ""): string => base64(`-----BEGIN ${type}-----\n${body}-----END ${type}-----\n`);
const withCertificate = (certificate: string): Part => request({}, { conditions: [approved], certificate });

describe("the rules of certificate requests", () => {
  it.each<[string, Part, unknown[]]>([
    [
      "what is no request",
      { request: base64("a") },
      [expect.stringMatching(/^spec.request: Invalid value: "YQ==": PEM block type must be CERTIFICATE REQUEST$/)],
    ],
    ["no usages", { usages: [] }, ["spec.usages: Required value"]],
    [
      "an unknown usage, and one twice",
      { usages: ["fun", "client auth", "client auth"] },
      [
        expect.stringMatching(/^spec.usages\[0\]: Unsupported value: "fun": supported values: "any", "cert sign"/),
        'spec.usages[2]: Duplicate value: "client auth"',
      ],
    ],
    ["no signer", { signerName: "" }, ["spec.signerName: Required value"]],
    [
      "a signer without a path",
      { signerName: "example.com" },
      [
        `spec.signerName: Invalid value: "example.com": must be a fully qualified domain and path of the form 'example.com/signer-name'`,
      ],
    ],
    [
      "a signer of a short domain",
      { signerName: "example/signer" },
      ['spec.signerName: Invalid value: "example": should be a domain with at least two segments separated by dots'],
    ],
    [
      "the signer of old",
      { signerName: "kubernetes.io/legacy-unknown" },
      [
        'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version',
      ],
    ],
    [
      "a short life",
      { expirationSeconds: 599 },
      ["spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)"],
    ],
  ])("refuse %s", (_, more, problems) => {
    expect(rules.creation(request(more))).toEqual(problems);
  });

  it("take a good one, and write who asks and no status", () => {
    expect(rules.creation(request({ expirationSeconds: 600 }))).toEqual([]);
    expect(rules.created(request({ username: "somebody-else", groups: ["a"] }, { certificate: "YQ==" }))).toMatchObject(
      {
        spec: { username: "system:anonymous" },
        status: {},
      },
    );
  });

  it.each<[string, Part, unknown[]]>([
    [
      "a condition without a type",
      withConditions({ type: "", status: "True" }),
      ["status.conditions[0].type: Required value"],
    ],
    [
      "a decision that is not true",
      withConditions({ type: "Approved", status: "False" }),
      ['status.conditions[0].status: Unsupported value: "False": supported values: "True"'],
    ],
    [
      "yes and no",
      withConditions(approved, { type: "Denied", status: "True" }),
      ['status.conditions[1].type: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive'],
    ],
    ["yes twice", withConditions(approved, approved), ['status.conditions[1].type: Duplicate value: "Approved"']],
  ])("refuse %s as a decision", (_, after, problems) => {
    expect(rules.change(request(), after, "approval")).toEqual(problems);
  });

  it("decide once, through the approval only", () => {
    expect(rules.change(request(), withConditions(approved), "approval")).toEqual([]);
    expect(rules.change(withConditions(approved), request(), "approval")).toEqual([
      'status.conditions: Forbidden: updates may not remove a condition of type "Approved"',
    ]);
    expect(rules.change(request(), withConditions(approved), "status")).toEqual([
      'status.conditions: Forbidden: updates may not add a condition of type "Approved"',
    ]);
    expect(rules.changed(request(), withConditions(approved))).not.toHaveProperty("status.conditions");
  });

  it.each<[string, string, unknown]>([
    ["what is no PEM", base64("a"), "must contain at least one CERTIFICATE PEM block"],
    ["a key", pem("PRIVATE KEY", "YQ==\n"), 'only CERTIFICATE PEM blocks are allowed, found "PRIVATE KEY"'],
    ["nothing", pem("CERTIFICATE"), "found CERTIFICATE PEM block containing 0 certificates"],
  ])("refuse %s as a certificate", (_, certificate, problem) => {
    expect(rules.change(withConditions(approved), withCertificate(certificate), "status")).toEqual([
      `status.certificate: Invalid value: "<certificate data>": ${String(problem)}`,
    ]);
  });

  it("set a certificate once, through the status only", () => {
    const [old, next] = [withCertificate(base64("a")), withCertificate(base64("b"))];
    expect(rules.change(old, next, "status")).toEqual([
      "status.certificate: Forbidden: updates may not modify existing certificate content",
    ]);
    expect(rules.changed(withConditions(approved), old, "approval")).not.toHaveProperty("status.certificate");
  });

  it.each<[string, Part]>([
    ["Pending", request()],
    ["Approved", withConditions(approved)],
    ["Denied,Failed", withConditions({ type: "Denied", status: "True" }, { type: "Failed", status: "True" })],
    ["Approved,Issued", withCertificate(base64("a"))],
  ])("show %s", (text, draft) => {
    const [row] = tableOf(certificateSigningRequestStrategy, [rules.read(draft)], { nowMs: 0 }).rows;
    expect(row?.cells.at(-1)).toBe(text);
  });
});
