import { rulesOf } from "../../../test/support/kind-rules.ts";
import { persistentVolumeClaimStrategy } from "./persistent-volume-claim.ts";

type Fields = Record<string, unknown>;

const rules = rulesOf(persistentVolumeClaimStrategy);
const BETA = "volume.beta.kubernetes.io/storage-class";
const claim = (spec: Fields = {}, more: Fields = {}): object => ({
  ...more,
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "2Gi" } }, ...spec },
});
const annotated = (value?: string): Fields => ({
  metadata: { name: "x", namespace: "default", ...(value === undefined ? {} : { annotations: { [BETA]: value } }) },
});
const bound = (spec: Fields = {}, status: Fields = {}): object =>
  claim(spec, { status: { phase: "Bound", capacity: { storage: "1Gi" }, ...status } });
const asking = (storage: string): Fields => ({ resources: { requests: { storage } } });
const SPEC =
  /^spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n@@/u;

describe("a claim", () => {
  it.each<[string, object, string]>([
    [
      "no way to mount it",
      claim({ accessModes: [] }),
      "spec.accessModes: Required value: at least 1 access mode is required",
    ],
    ["no size", claim({ resources: {} }), "spec.resources[storage]: Required value"],
    ["a size of none", claim(asking("0")), 'spec.resources[storage]: Invalid value: "0": must be greater than zero'],
    [
      "another mode",
      claim({ volumeMode: "Tape" }),
      'spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"',
    ],
    [
      "a selector it cannot read",
      claim({ selector: { matchExpressions: [{ key: "a", operator: "In" }] } }),
      "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    ],
    [
      "a source without a name",
      claim({ dataSource: { kind: "PersistentVolumeClaim", name: "" } }),
      "spec.dataSource.name: Required value",
    ],
    [
      "two sources",
      claim({
        dataSource: { kind: "PersistentVolumeClaim", name: "a" },
        dataSourceRef: { kind: "PersistentVolumeClaim", name: "b" },
      }),
      'spec: Invalid value: "spec.dataSource": must match dataSourceRef',
    ],
  ])("does not take %s", (_, draft, problem) => {
    expect(rules.creation(draft)).toContain(problem);
  });

  it("says what it is filled from in both fields", () => {
    const source = { kind: "PersistentVolumeClaim", name: "a" };
    for (const draft of [claim({ dataSource: source }), claim({ dataSourceRef: source })])
      expect(rules.created(draft)).toMatchObject({ spec: { dataSource: source, dataSourceRef: source } });
    const populated = rules.created(claim({ dataSource: { apiGroup: "a.io", kind: "Thing", name: "b" } }));
    expect(populated).not.toHaveProperty("spec.dataSource");
    const elsewhere = rules.created(claim({ dataSourceRef: { ...source, namespace: "other" } }));
    expect(elsewhere).not.toHaveProperty("spec.dataSourceRef");
  });

  it.each<[string, object, object, (string | RegExp)[]]>([
    ["is bound once", claim(), claim({ volumeName: "v" }), []],
    ["stays bound", claim({ volumeName: "v" }), claim({ volumeName: "w" }), [SPEC]],
    ["gets a class once", claim(), claim({ storageClassName: "a" }), []],
    ["keeps its class", claim({ storageClassName: "a" }), claim({ storageClassName: "b" }), [SPEC]],
    [
      "moves its class from the annotation",
      claim({}, annotated("a")),
      claim({ storageClassName: "a" }, annotated()),
      [],
    ],
    [
      "gets no other class than annotated",
      claim({}, annotated("a")),
      claim({ storageClassName: "b" }, annotated("a")),
      [SPEC],
    ],
    [
      "keeps its annotation",
      claim({}, annotated("a")),
      claim({}, annotated("b")),
      [`metadata.annotations[${BETA}]: Invalid value: "b": field is immutable`],
    ],
    ["does not grow before it is bound", claim(), claim(asking("3Gi")), [SPEC]],
    ["grows", bound(), bound(asking("3Gi")), []],
    ["asks for less again", bound(), bound(asking("1500Mi")), []],
    [
      "does not shrink",
      bound(),
      bound(asking("1Gi")),
      ["spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"],
    ],
    [
      "gets limits never",
      bound(),
      bound({ resources: { requests: { storage: "2Gi" }, limits: { storage: "3Gi" } } }),
      [SPEC],
    ],
    ["gets attributes", bound(), bound({ volumeAttributesClassName: "gold" }), []],
    [
      "keeps attributes",
      bound({ volumeAttributesClassName: "gold" }, { currentVolumeAttributesClassName: "gold" }),
      bound(),
      [
        "spec.volumeAttributesClassName: Forbidden: update to nil is forbidden when status.currentVolumeAttributesClassName is not nil",
      ],
    ],
    [
      "names attributes",
      bound({ volumeAttributesClassName: "gold" }, { currentVolumeAttributesClassName: "gold" }),
      bound({ volumeAttributesClassName: "" }),
      [
        "spec.volumeAttributesClassName: Forbidden: update to empty string is forbidden when status.currentVolumeAttributesClassName is not nil",
      ],
    ],
    [
      "keeps its mode",
      claim(),
      claim({ volumeMode: "Block" }),
      [SPEC, 'volumeMode: Invalid value: "Block": field is immutable'],
    ],
  ])("%s", (_, before, after, problems) => {
    const expected = problems.map((one): unknown => (typeof one === "string" ? one : expect.stringMatching(one)));
    expect(rules.change(before, after)).toEqual(expected);
  });

  it.each<[Fields, string]>([
    [
      { capacity: { storage: "-1" } },
      'status.capacity[storage]: Invalid value: "-1": must be a valid resource quantity',
    ],
    [
      { allocatedResourceStatuses: { storage: "Odd" } },
      'status.allocatedResourceStatuses: Unsupported value: "storage": supported values: "ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"',
    ],
    [
      { allocatedResourceStatuses: { cpu: "NodeResizePending" } },
      'status.allocatedResourceStatuses: Unsupported value: "cpu": supported values: "storage"',
    ],
    [
      { allocatedResources: { storage: "-1" } },
      'status.allocatedResources[storage]: Invalid value: "-1": must be a valid resource quantity',
    ],
    [
      { allocatedResources: { memory: "1" } },
      'status.allocatedResources: Unsupported value: "memory": supported values: "storage"',
    ],
  ])("does not take the status %j", (status, problem) => {
    expect(rules.change(claim(), claim({}, { status }), "status")).toEqual([problem]);
  });

  it("takes a driver's own words in its status", () => {
    const status = {
      allocatedResources: { "a.io/b": "1" },
      allocatedResourceStatuses: { "a.io/b": "NodeResizePending" },
    };
    expect(rules.change(claim(), claim({}, { status }), "status")).toEqual([]);
  });

  it("warns of its old annotation, and of parts of bytes", () => {
    expect(rules.warnings(claim(asking("1500m"), annotated("a")))).toEqual([
      `metadata.annotations[${BETA}]: deprecated since v1.8; use "storageClassName" attribute instead`,
      'spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
    ]);
  });
});
