import { rulesOf } from "../../../test/support/kind-rules.ts";
import { tableOf } from "../../tables/table.ts";
import { csiDriverStrategy } from "./csi-driver.ts";
import { csiNodeStrategy } from "./csi-node.ts";
import { csiStorageCapacityStrategy } from "./csi-storage-capacity.ts";
import { storageClassStrategy } from "./storage-class.ts";
import { volumeAttachmentStrategy } from "./volume-attachment.ts";
import { volumeAttributesClassStrategy } from "./volume-attributes-class.ts";

type Part = Record<string, unknown>;
type Rule = [string, Part, unknown[]];

const spec = (fields: Part): Part => ({ spec: fields });
const IMMUTABLE = "field is immutable";
const manyKeys = Object.fromEntries(Array.from({ length: 513 }, (_, at) => [`k${at}`, "v"]));
const LONG = "x".repeat(256 * 1024);

describe("the rules of storage classes", () => {
  const rules = rulesOf(storageClassStrategy);
  const named = (more: Part): Part => ({ provisioner: "example.com/disk", ...more });
  const topology = (...matchLabelExpressions: Part[]): Part => ({ matchLabelExpressions });
  const AT = "allowedTopologies[0].matchLabelExpressions";

  it.each<Rule>([
    ["no provisioner", {}, ["provisioner: Required value"]],
    [
      "a provisioner that is no name",
      { provisioner: "A B" },
      [expect.stringMatching(/^provisioner: Invalid value: "a b": name part must consist of/)],
    ],
    ["too many parameters", named({ parameters: manyKeys }), ["parameters: Too long: may not be more than 512 bytes"]],
    [
      "too long parameters",
      named({ parameters: { a: LONG } }),
      ["parameters: Too long: may not be more than 262144 bytes"],
    ],
    [
      "a parameter without a name",
      named({ parameters: { "": "v" } }),
      ['parameters: Invalid value: "": field can not be empty.'],
    ],
    [
      "another policy",
      named({ reclaimPolicy: "Recycle" }),
      ['reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"'],
    ],
    [
      "another mode",
      named({ volumeBindingMode: "Later" }),
      ['volumeBindingMode: Unsupported value: "Later": supported values: "Immediate", "WaitForFirstConsumer"'],
    ],
    [
      "topologies that say nothing, or the same twice",
      named({ allowedTopologies: [topology({ key: "a", values: [] }, { key: "a", values: ["b", "b"] })] }),
      [
        `${AT}[0].values: Required value`,
        `${AT}[1].values[1]: Duplicate value: "b"`,
        `${AT}[1].key: Duplicate value: ""`,
      ],
    ],
    [
      "the same topology twice",
      named({
        allowedTopologies: [topology({ key: "a", values: ["b", "c"] }), topology({ key: "a", values: ["c", "b"] })],
      }),
      ['allowedTopologies[1].matchLabelExpressions: Duplicate value: ""'],
    ],
  ])("refuse %s", (_, draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
  });

  it("let expansion and labels change, and nothing that volumes are made of", () => {
    expect(rules.change(named({}), named({ allowVolumeExpansion: true, mountOptions: ["ro"] }))).toEqual([]);
    const next = {
      provisioner: "other",
      parameters: { a: "b" },
      reclaimPolicy: "Retain",
      volumeBindingMode: "WaitForFirstConsumer",
    };
    expect(rules.change(named({}), next)).toEqual([
      "parameters: Forbidden: updates to parameters are forbidden.",
      "provisioner: Forbidden: updates to provisioner are forbidden.",
      "reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.",
      `volumeBindingMode: Invalid value: "WaitForFirstConsumer": ${IMMUTABLE}`,
    ]);
  });

  it("default policy and mode, and mark the default class in tables", () => {
    expect(rules.read(named({}))).toMatchObject({ reclaimPolicy: "Delete", volumeBindingMode: "Immediate" });
    const annotations = { "storageclass.kubernetes.io/is-default-class": "true" };
    const [row] = tableOf(storageClassStrategy, [rules.read(named({ metadata: { name: "fast", annotations } }))], {
      nowMs: 0,
    }).rows;
    expect(row?.cells).toEqual(["fast (default)", "example.com/disk", "Delete", "Immediate", false, "<unknown>"]);
  });
});

describe("the rules of CSI drivers", () => {
  const rules = rulesOf(csiDriverStrategy);
  it.each<Rule>([
    [
      "another policy",
      spec({ fsGroupPolicy: "All" }),
      ['spec.fsGroupPolicy: Unsupported value: "All": supported values: "File", "None", "ReadWriteOnceWithFSType"'],
    ],
    [
      "tokens for the same audience, or for too short and too long",
      spec({
        tokenRequests: [
          { audience: "a", expirationSeconds: 599 },
          { audience: "a" },
          { audience: "b", expirationSeconds: 2 ** 32 + 1 },
        ],
      }),
      [
        "spec.tokenRequests[0].expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes",
        'spec.tokenRequests[1].audience: Duplicate value: "a"',
        "spec.tokenRequests[2].expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds",
      ],
    ],
    [
      "another mode",
      spec({ volumeLifecycleModes: ["Fleeting"] }),
      ['spec.volumeLifecycleModes: Unsupported value: "Fleeting": supported values: "Persistent", "Ephemeral"'],
    ],
    [
      "a short period",
      spec({ nodeAllocatableUpdatePeriodSeconds: 9 }),
      ["spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds"],
    ],
  ])("refuse %s", (_, draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
  });

  it("default what a driver does not say", () => {
    expect(rules.read(spec({}))).toMatchObject({
      spec: {
        attachRequired: true,
        podInfoOnMount: false,
        storageCapacity: false,
        fsGroupPolicy: "ReadWriteOnceWithFSType",
        requiresRepublish: false,
        seLinuxMount: false,
        volumeLifecycleModes: ["Persistent"],
      },
    });
  });

  it("keep whether volumes are attached, and their modes; count what else changes", () => {
    expect(rules.change(spec({}), spec({ attachRequired: false, volumeLifecycleModes: ["Ephemeral"] }))).toEqual([
      `spec.attachedRequired: Invalid value: false: ${IMMUTABLE}`,
      `spec.volumeLifecycleModes: Invalid value: ["Ephemeral"]: ${IMMUTABLE}`,
    ]);
    expect(rules.changed(spec({}), spec({ podInfoOnMount: true })).metadata.generation).toBe(1);
    expect(rules.changed(spec({}), spec({})).metadata.generation).toBeUndefined();
  });
});

describe("the rules of CSI nodes", () => {
  const rules = rulesOf(csiNodeStrategy);
  const drivers = (...list: Part[]): Part => spec({ drivers: list });
  const AT = "spec.drivers[0]";
  it.each<Rule>([
    ["a driver without a name and an ID", drivers({}), [`${AT}.name: Required value`, `${AT}.nodeID: Required value`]],
    [
      "a long name and ID",
      drivers({ name: "a".repeat(64), nodeID: "n".repeat(193) }),
      [
        `${AT}.name: Too long: may not be more than 63 bytes`,
        expect.stringMatching(/^spec.drivers\[0\].nodeID: Invalid value: "n{193}": must be 192 characters or less$/),
      ],
    ],
    [
      "a driver twice, with less than no volumes",
      drivers({ name: "a", nodeID: "n" }, { name: "a", nodeID: "m", allocatable: { count: -1 } }),
      [
        "spec.drivers[1].allocatable.count: Invalid value: -1: must be greater than or equal to 0",
        'spec.drivers[1].name: Duplicate value: "a"',
      ],
    ],
    [
      "topology keys twice and none",
      drivers({ name: "a", nodeID: "n", topologyKeys: ["z", "z", ""] }),
      [
        `${AT}: Duplicate value: "z"`,
        `${AT}: Required value`,
        expect.stringContaining(`${AT}: Invalid value: "": name part must be non-empty`),
        expect.stringContaining(`${AT}: Invalid value: "": name part must consist of`),
      ],
    ],
  ])("refuse %s", (_, draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
  });

  it("let the number of volumes change, and drivers come and go", () => {
    const one = { name: "a", nodeID: "n" };
    expect(
      rules.change(drivers(one), drivers({ ...one, allocatable: { count: 5 } }, { name: "b", nodeID: "n" })),
    ).toEqual([]);
    expect(rules.change(drivers(one), drivers())).toEqual([]);
    expect(rules.change(drivers(one), drivers({ ...one, nodeID: "m" }))).toEqual([
      expect.stringMatching(/^spec.drivers: Invalid value: .*: field is immutable$/),
    ]);
  });
});

describe("the rules of storage capacities", () => {
  const rules = rulesOf(csiStorageCapacityStrategy);
  it.each<Rule>([
    [
      "a class that is no name, and less than no space",
      { storageClassName: "A", capacity: "-1Gi" },
      [
        expect.stringMatching(/^storageClassName: Invalid value: "A": a lowercase RFC 1123 subdomain/),
        'capacity: Invalid value: "-1Gi": must be greater than or equal to 0',
      ],
    ],
    [
      "a selector that is none",
      { storageClassName: "a", nodeTopology: { matchExpressions: [{ key: "a", operator: "Like" }] } },
      ['nodeTopology.matchExpressions[0].operator: Invalid value: "Like": not a valid selector operator'],
    ],
  ])("refuse %s", (_, draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
  });

  it("let the space change, and not what it is about", () => {
    const old = { storageClassName: "a", capacity: "1Gi" };
    expect(rules.change(old, { ...old, capacity: "2Gi" })).toEqual([]);
    expect(rules.change(old, { storageClassName: "b", nodeTopology: {} })).toEqual([
      `nodeTopology: Invalid value: {}: ${IMMUTABLE}`,
      `storageClassName: Invalid value: "b": ${IMMUTABLE}`,
    ]);
  });
});

describe("the rules of volume attachments", () => {
  const rules = rulesOf(volumeAttachmentStrategy);
  const attachment = (more: Part): Part =>
    spec({ attacher: "disk.example.com", nodeName: "n", source: { persistentVolumeName: "v" }, ...more });
  const EXACTLY = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
  it.each<Rule>([
    ["no attacher", attachment({ attacher: "" }), ["spec.attacher: Required value"]],
    [
      "names that are none",
      attachment({ attacher: "a/b", nodeName: "N" }),
      [
        expect.stringMatching(/^spec.attacher: Invalid value: "a\/b": a lowercase RFC 1123 subdomain/),
        expect.stringMatching(/^spec.nodeName: Invalid value: "N": a lowercase RFC 1123 subdomain/),
      ],
    ],
    ["no source", attachment({ source: {} }), [`spec.source: Required value: ${EXACTLY}`]],
    [
      "two sources",
      attachment({ source: { persistentVolumeName: "v", inlineVolumeSpec: {} } }),
      [`spec.source: Forbidden: ${EXACTLY}`],
    ],
    [
      "a volume without a name",
      attachment({ source: { persistentVolumeName: "" } }),
      [
        "spec.source.persistentVolumeName: Required value: must specify non empty persistentVolumeName",
        expect.stringMatching(/^spec.source.persistentVolumeName: Invalid value: "": a lowercase RFC 1123/),
      ],
    ],
  ])("refuse %s", (_, draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
  });

  it("freeze the spec, and start unattached", () => {
    expect(rules.created({ ...attachment({}), status: { attached: true } })).toMatchObject({
      status: { attached: false },
    });
    expect(rules.change(attachment({}), attachment({ nodeName: "m" }))).toEqual([
      expect.stringMatching(/^spec: Invalid value: .*: field is immutable$/),
    ]);
  });

  it("bound what attachers report", () => {
    const status = (more: Part): Part => ({ ...attachment({}), status: { attached: true, ...more } });
    const error = { message: "m".repeat(1025), errorCode: -1 };
    expect(
      rules.change(attachment({}), status({ attachmentMetadata: { a: LONG }, attachError: error }), "status"),
    ).toEqual([
      "status.attachmentMetadata: Too long: may not be more than 262144 bytes",
      "status.attachError.message: Too long: may not be more than 262144 bytes",
      "status.attachError.errorCode: Invalid value: -1: must be between 0 and 2147483647, inclusive",
    ]);
    expect(rules.changed(attachment({}), status({}), "status")).toMatchObject({ status: { attached: true } });
  });
});

describe("labels of nodes that have another name now", () => {
  const OLD = "beta.kubernetes.io/os";
  const WHY = 'deprecated since v1.14; use "kubernetes.io/os" instead';
  it("are warned about in storage classes", () => {
    const allowedTopologies = [{ matchLabelExpressions: [{ key: OLD, values: ["linux"] }] }];
    expect(rulesOf(storageClassStrategy).warnings({ provisioner: "a", allowedTopologies })).toEqual([
      `allowedTopologies[0].matchLabelExpressions[0].key: ${WHY}`,
    ]);
  });

  it("are warned about in storage capacities", () => {
    const nodeTopology = { matchExpressions: [{ key: OLD, operator: "Exists" }], matchLabels: { [OLD]: "linux" } };
    expect(rulesOf(csiStorageCapacityStrategy).warnings({ storageClassName: "a", nodeTopology })).toEqual([
      `nodeTopology.matchExpressions[0].key: ${OLD} is ${WHY}`,
      `nodeTopology.matchLabels.${OLD}: ${WHY}`,
    ]);
  });
});

describe("the rules of classes of volume attributes", () => {
  const rules = rulesOf(volumeAttributesClassStrategy);
  it.each<Rule>([
    ["no driver", { parameters: { a: "b" } }, ["driverName: Required value"]],
    [
      "no attributes",
      { driverName: "disk.example.com" },
      ["parameters: Required value: must contain at least one key/value pair"],
    ],
  ])("refuse %s", (_, draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
  });

  it("never change", () => {
    const old = { driverName: "a", parameters: { a: "b" } };
    expect(rules.change(old, { driverName: "b", parameters: { a: "c" } })).toEqual([
      "driverName: Forbidden: updates to driverName are forbidden.",
      "parameters: Forbidden: updates to parameters are forbidden.",
    ]);
  });
});
