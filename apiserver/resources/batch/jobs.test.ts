import { rulesOf } from "../../../test/support/kind-rules.ts";
import { jobStrategy } from "./job.ts";

type Fields = Record<string, unknown>;

const UID = "7a1f1c1e-0000-4000-8000-000000000001";
const rules = rulesOf(jobStrategy);
const METADATA = { name: "x", namespace: "default", uid: UID };
const template = (spec: Fields = {}, metadata: Fields = {}): Fields => ({
  metadata,
  spec: { restartPolicy: "Never", containers: [{ name: "main", image: "main:1" }], ...spec },
});
const job = (spec: Fields = {}, more: Fields = {}): object => ({
  metadata: METADATA,
  ...more,
  spec: { template: template(), ...spec },
});
/** As it is stored. */
const stored = (spec: Fields = {}, status: Fields = {}, metadata: Fields = {}): object => ({
  ...rules.created(job(spec, { metadata: { ...METADATA, ...metadata } })),
  status,
});
const changed = (object: object, spec: Fields): object => ({
  ...object,
  spec: { ...(object as { spec: object }).spec, ...spec },
});

const NEGATIVE = "must be greater than or equal to 0";
const INDEXED = { completionMode: "Indexed", completions: 5, parallelism: 2 };
const PER_INDEX = { ...INDEXED, backoffLimitPerIndex: 1 };
const failurePolicy = (...list: Fields[]): Fields => ({ podFailurePolicy: { rules: list } });
const exitCodes = (onExitCodes: Fields): Fields =>
  failurePolicy({ action: "FailJob", onExitCodes: { operator: "In", values: [1], ...onExitCodes } });
const successPolicy = (...list: Fields[]): Fields => ({ ...INDEXED, successPolicy: { rules: list } });
const at = (path: string): string => `spec.podFailurePolicy.rules[0].${path}`;
const SUCCESS = "spec.successPolicy.rules[0]";

describe("a job", () => {
  it.each<[string, Fields]>([
    ["that runs once", {}],
    ["of many indexes", { ...PER_INDEX, maxFailedIndexes: 2 }],
    ["that judges exit codes", exitCodes({ containerName: "main", values: [1, 42] })],
    ["that judges conditions", failurePolicy({ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget" }] })],
    ["that succeeds early", successPolicy({ succeededIndexes: "0,2-4", succeededCount: 3 })],
    ["that somebody else manages", { managedBy: "example.com/queue" }],
    [
      "with a selector of its own",
      {
        manualSelector: true,
        selector: { matchLabels: { a: "b" } },
        template: template({}, { labels: { a: "b" } }),
      },
    ],
  ])("is good %s", (_, spec) => {
    expect(rules.creation(job(spec))).toEqual([]);
  });

  it.each<[string, Fields, string]>([
    ["fewer than no pods at a time", { parallelism: -1 }, `spec.parallelism: Invalid value: -1: ${NEGATIVE}`],
    ["fewer than no completions", { completions: -1 }, `spec.completions: Invalid value: -1: ${NEGATIVE}`],
    [
      "a deadline in the past",
      { activeDeadlineSeconds: -1 },
      `spec.activeDeadlineSeconds: Invalid value: -1: ${NEGATIVE}`,
    ],
    ["fewer than no retries", { backoffLimit: -1 }, `spec.backoffLimit: Invalid value: -1: ${NEGATIVE}`],
    [
      "to go before it ends",
      { ttlSecondsAfterFinished: -1 },
      `spec.ttlSecondsAfterFinished: Invalid value: -1: ${NEGATIVE}`,
    ],
    [
      "fewer than no retries an index",
      { ...INDEXED, backoffLimitPerIndex: -1 },
      `spec.backoffLimitPerIndex: Invalid value: -1: ${NEGATIVE}`,
    ],
    [
      "fewer than no failed indexes",
      { ...PER_INDEX, maxFailedIndexes: -1 },
      `spec.maxFailedIndexes: Invalid value: -1: ${NEGATIVE}`,
    ],
    [
      "failed indexes without retries",
      { ...INDEXED, maxFailedIndexes: 1 },
      "spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified",
    ],
    ["nobody to manage it", { managedBy: "" }, "spec.managedBy: Required value"],
    [
      "a manager without a domain",
      { managedBy: "me" },
      'spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")',
    ],
    [
      "a manager in a bad domain",
      { managedBy: "A/b" },
      expect.stringMatching(
        /^spec.managedBy: Invalid value: "A": a lowercase RFC 1123 subdomain/u,
      ) as unknown as string,
    ],
    [
      "a manager on a bad path",
      { managedBy: "a.io/b c" },
      "spec.managedBy: Invalid value: \"b c\": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')",
    ],
    [
      "a manager with a long name",
      { managedBy: `a.io/${"b".repeat(60)}` },
      "spec.managedBy: Too long: may not be more than 63 bytes",
    ],
    [
      "another mode",
      { completionMode: "Magic" },
      'spec.completionMode: Unsupported value: "Magic": supported values: "NonIndexed", "Indexed"',
    ],
    [
      "indexes without end",
      { completionMode: "Indexed", parallelism: 1 },
      "spec.completions: Required value: when completion mode is Indexed",
    ],
    [
      "too many pods at a time",
      { ...INDEXED, parallelism: 100_001 },
      "spec.parallelism: Invalid value: 100001: must be less than or equal to 100000 when completion mode is Indexed",
    ],
    [
      "more failures than indexes",
      { ...PER_INDEX, maxFailedIndexes: 6 },
      "spec.maxFailedIndexes: Invalid value: 6: must be less than or equal to completions",
    ],
    [
      "too many failures",
      { ...PER_INDEX, completions: 200_000, maxFailedIndexes: 100_001 },
      "spec.maxFailedIndexes: Invalid value: 100001: must be less than or equal to 100000",
    ],
    [
      "many indexes without a bound",
      { ...PER_INDEX, completions: 100_001 },
      "spec.maxFailedIndexes: Required value: must be specified when completions is above 100000",
    ],
    [
      "many indexes at a time",
      { ...PER_INDEX, completions: 100_001, parallelism: 10_001, maxFailedIndexes: 1 },
      "spec.parallelism: Invalid value: 10001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index",
    ],
    [
      "many indexes with many failures",
      { ...PER_INDEX, completions: 100_001, maxFailedIndexes: 10_001 },
      "spec.maxFailedIndexes: Invalid value: 10001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index",
    ],
    [
      "retries an index without indexes",
      { backoffLimitPerIndex: 1 },
      "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode",
    ],
    [
      "failed indexes without indexes",
      { backoffLimitPerIndex: 1, maxFailedIndexes: 1 },
      "spec.maxFailedIndexes: Invalid value: 1: requires indexed completion mode",
    ],
    [
      "pods that restart always",
      { template: template({ restartPolicy: "Always" }) },
      'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ],
    [
      "pods that restart somehow",
      { template: template({ restartPolicy: "Maybe" }) },
      'spec.template.spec.restartPolicy: Unsupported value: "Maybe": supported values: "OnFailure", "Never"',
    ],
    [
      "a failure policy for pods that restart",
      { ...exitCodes({}), template: template({ restartPolicy: "OnFailure" }) },
      'spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified',
    ],
    [
      "another replacement",
      { podReplacementPolicy: "Now" },
      'spec.podReplacementPolicy: Unsupported value: "Now": supported values: "Failed", "TerminatingOrFailed"',
    ],
    [
      "replacements that do not wait to fail",
      { ...exitCodes({}), podReplacementPolicy: "TerminatingOrFailed" },
      'spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed"',
    ],
    [
      "a rule without an action",
      failurePolicy({ action: "", onPodConditions: [{ type: "A" }] }),
      `${at("action")}: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]`,
    ],
    [
      "a rule with another action",
      failurePolicy({ action: "Cry", onPodConditions: [{ type: "A" }] }),
      `${at("action")}: Unsupported value: "Cry": supported values: "Count", "FailIndex", "FailJob", "Ignore"`,
    ],
    [
      "an index to fail without retries an index",
      failurePolicy({ action: "FailIndex", onPodConditions: [{ type: "A" }] }),
      `${at("action")}: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set`,
    ],
    [
      "a rule about nothing",
      failurePolicy({ action: "Count" }),
      "spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required",
    ],
    [
      "a rule about both",
      failurePolicy({
        action: "Count",
        onPodConditions: [{ type: "A" }],
        onExitCodes: { operator: "In", values: [1] },
      }),
      "spec.podFailurePolicy.rules[0]: Invalid value: specifying both OnExitCodes and OnPodConditions is not supported",
    ],
    [
      "too many rules",
      failurePolicy(...Array.from({ length: 21 }, () => ({ action: "Count", onPodConditions: [{ type: "A" }] }))),
      "spec.podFailurePolicy.rules: Too many: 21: must have at most 20 items",
    ],
    [
      "too many conditions",
      failurePolicy({ action: "Count", onPodConditions: Array.from({ length: 21 }, () => ({ type: "A" })) }),
      `${at("onPodConditions")}: Too many: 21: must have at most 20 items`,
    ],
    [
      "a condition that is perhaps",
      failurePolicy({ action: "Count", onPodConditions: [{ type: "A", status: "Perhaps" }] }),
      `${at("onPodConditions[0].status")}: Unsupported value: "Perhaps": supported values: "False", "True", "Unknown"`,
    ],
    [
      "a condition without a type",
      failurePolicy({ action: "Count", onPodConditions: [{ type: "" }] }),
      expect.stringContaining(
        `${at("onPodConditions[0].type")}: Invalid value: "": name part must be non-empty`,
      ) as unknown as string,
    ],
    [
      "exit codes without an operator",
      exitCodes({ operator: "" }),
      `${at("onExitCodes.operator")}: Required value: valid values: ["In" "NotIn"]`,
    ],
    [
      "exit codes with another operator",
      exitCodes({ operator: "Like" }),
      `${at("onExitCodes.operator")}: Unsupported value: "Like": supported values: "In", "NotIn"`,
    ],
    [
      "exit codes of another container",
      exitCodes({ containerName: "side" }),
      `${at("onExitCodes.containerName")}: Invalid value: "side": must be one of the container or initContainer names in the pod template`,
    ],
    [
      "no exit codes",
      exitCodes({ values: [] }),
      `${at("onExitCodes.values")}: Invalid value: []: at least one value is required`,
    ],
    [
      "too many exit codes",
      exitCodes({ values: Array.from({ length: 256 }, (_, code) => code + 1) }),
      `${at("onExitCodes.values")}: Too many: 256: must have at most 255 items`,
    ],
    [
      "success as a failure",
      exitCodes({ values: [0] }),
      `${at("onExitCodes.values[0]")}: Invalid value: 0: must not be 0 for the In operator`,
    ],
    ["an exit code twice", exitCodes({ values: [1, 1] }), `${at("onExitCodes.values[1]")}: Duplicate value: 1`],
    [
      "exit codes in disorder",
      exitCodes({ values: [2, 1] }),
      `${at("onExitCodes.values")}: Invalid value: [2,1]: must be ordered`,
    ],
    [
      "success without indexes",
      { successPolicy: { rules: [{ succeededCount: 1 }] } },
      'spec.successPolicy: Invalid value: {"rules":[{"succeededCount":1}]}: requires indexed completion mode',
    ],
    [
      "success by no rule",
      successPolicy(),
      "spec.successPolicy.rules: Required value: at least one rules must be specified when the successPolicy is specified",
    ],
    [
      "success by an empty rule",
      successPolicy({}),
      `${SUCCESS}: Required value: at least one of succeededCount or succeededIndexes must be specified`,
    ],
    [
      "success by too many rules",
      successPolicy(...Array.from({ length: 21 }, () => ({ succeededCount: 1 }))),
      "spec.successPolicy.rules: Too many: 21: must have at most 20 items",
    ],
    [
      "fewer successes than none",
      successPolicy({ succeededCount: -1 }),
      `${SUCCESS}.succeededCount: Invalid value: -1: ${NEGATIVE}`,
    ],
    [
      "more successes than indexes",
      successPolicy({ succeededCount: 6 }),
      `${SUCCESS}.succeededCount: Invalid value: 6: must be less than or equal to 5 (the number of specified completions)`,
    ],
    [
      "more successes than those indexes",
      successPolicy({ succeededCount: 3, succeededIndexes: "0,2" }),
      `${SUCCESS}.succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)`,
    ],
    [
      "an index beyond the last",
      successPolicy({ succeededIndexes: "5" }),
      `${SUCCESS}.succeededIndexes: Invalid value: "5": error parsing succeededIndexes: too large index: "5"`,
    ],
    [
      "a range to beyond the last",
      successPolicy({ succeededIndexes: "1-9" }),
      `${SUCCESS}.succeededIndexes: Invalid value: "1-9": error parsing succeededIndexes: too large index: "9"`,
    ],
    [
      "indexes in disorder",
      successPolicy({ succeededIndexes: "3,1" }),
      `${SUCCESS}.succeededIndexes: Invalid value: "3,1": error parsing succeededIndexes: non-increasing order, previous: 3, current: 1`,
    ],
    [
      "a range backwards",
      successPolicy({ succeededIndexes: "3-1" }),
      `${SUCCESS}.succeededIndexes: Invalid value: "3-1": error parsing succeededIndexes: non-increasing order, previous: 3, current: 1`,
    ],
    [
      "an index that is no number",
      successPolicy({ succeededIndexes: "a" }),
      `${SUCCESS}.succeededIndexes: Invalid value: "a": error parsing succeededIndexes: cannot convert string to integer for index: "a"`,
    ],
    [
      "a range of three",
      successPolicy({ succeededIndexes: "1-2-3" }),
      `${SUCCESS}.succeededIndexes: Invalid value: "1-2-3": error parsing succeededIndexes: the fragment "1-2-3" violates the requirement that an index interval can have at most two parts separated by '-'`,
    ],
    [
      "too much text of indexes",
      successPolicy({ succeededIndexes: `1${",".repeat(65_536)}` }),
      `${SUCCESS}.succeededIndexes: Too long: may not be more than 65536 bytes`,
    ],
    [
      "a selector that was not made for it",
      { selector: { matchLabels: { a: "b" } }, template: template({}, { labels: { a: "b" } }) },
      `spec.selector: Invalid value: {"matchLabels":{"batch.kubernetes.io/controller-uid":"${UID}","a":"b"}}: \`selector\` not auto-generated`,
    ],
    [
      "another label for its name",
      { template: template({}, { labels: { "job-name": "y" } }) },
      expect.stringMatching(
        /^spec.template.metadata.labels\[job-name\]: Invalid value: \{.*\}: must be 'x'$/u,
      ) as unknown as string,
    ],
    ["a selector of its own that is missing", { manualSelector: true }, "spec.selector: Required value"],
    [
      "a selector of its own that misses its pods",
      { manualSelector: true, selector: { matchLabels: { a: "b" } } },
      "spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`",
    ],
    ["no container", { template: template({ containers: [] }) }, "spec.template.spec.containers: Required value"],
  ])("does not take %s", (_, spec, problem) => {
    expect(rules.creation(job(spec))).toContainEqual(problem);
  });

  it("has a name that fits the hosts of its indexes", () => {
    const name = "x".repeat(62);
    const long = job(INDEXED, { metadata: { ...METADATA, name } });
    expect(rules.creation(long)).toContain(
      `metadata.name: Invalid value: "${name}": will not able to create pod with invalid DNS label: ${name}-4`,
    );
  });

  it("is made to select its own pods, and labelled as they are", () => {
    const made = rules.created(job({ template: template({}, { labels: { tier: "a" } }) }));
    const labels = {
      tier: "a",
      "controller-uid": UID,
      "batch.kubernetes.io/controller-uid": UID,
      "job-name": "x",
      "batch.kubernetes.io/job-name": "x",
    };
    expect(made).toMatchObject({
      metadata: { labels },
      spec: {
        selector: { matchLabels: { "batch.kubernetes.io/controller-uid": UID } },
        template: { metadata: { labels } },
        manualSelector: false,
        podReplacementPolicy: "TerminatingOrFailed",
      },
    });
    expect(rules.created(job({}, { metadata: { ...METADATA, labels: { mine: "1" } } })).metadata.labels).toEqual({
      mine: "1",
    });
  });

  it("fills in what follows from a failure policy", () => {
    const filled = rules.created(
      job({ ...PER_INDEX, ...failurePolicy({ action: "Count", onPodConditions: [{ type: "A" }] }) }),
    );
    expect(filled).toMatchObject({
      spec: {
        backoffLimit: 2_147_483_647,
        podReplacementPolicy: "Failed",
        podFailurePolicy: { rules: [{ onPodConditions: [{ status: "True" }] }] },
      },
    });
  });

  it("warns of names and of sizes", () => {
    const huge = job(
      { ...INDEXED, completions: 100_001, parallelism: 10_001 },
      { metadata: { ...METADATA, name: "a.b" } },
    );
    expect(rules.warnings(huge)).toEqual([
      "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
      "spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail",
    ]);
    expect(rules.warnings(huge, huge)).toEqual([]);
  });
});

describe("a change of a job", () => {
  it.each<[string, Fields, Fields, string[]]>([
    ["of its parallelism", {}, { parallelism: 3 }, []],
    ["that suspends it", {}, { suspend: true }, []],
    ["of its completions", {}, { completions: 3 }, ["spec.completions: Invalid value: 3: field is immutable"]],
    ["of its size", INDEXED, { completions: 4, parallelism: 4 }, []],
    [
      "of the end of its indexes",
      INDEXED,
      { completions: 4 },
      ["spec.completions: Invalid value: 4: can only be modified in tandem with spec.parallelism"],
    ],
    [
      "of its mode",
      { completions: 5 },
      { completionMode: "Indexed" },
      ['spec.completionMode: Invalid value: "Indexed": field is immutable'],
    ],
    ["of its manager", {}, { managedBy: "a.io/b" }, ['spec.managedBy: Invalid value: "a.io/b": field is immutable']],
    [
      "of its retries an index",
      PER_INDEX,
      { backoffLimitPerIndex: 2 },
      ["spec.backoffLimitPerIndex: Invalid value: 2: field is immutable"],
    ],
    [
      "of its success",
      successPolicy({ succeededCount: 1 }),
      { successPolicy: { rules: [{ succeededCount: 2 }] } },
      ['spec.successPolicy: Invalid value: {"rules":[{"succeededCount":2}]}: field is immutable'],
    ],
  ])("%s", (_, spec, change, problems) => {
    const before = stored(spec);
    expect(rules.change(before, changed(before, change))).toEqual(problems);
  });

  const SELECTED = { template: template({ nodeSelector: { a: "b" } }) };
  const withTemplate = (before: object, spec: Fields): object => {
    const { template: old } = (before as { spec: { template: { spec: object } } }).spec;
    return changed(before, { template: { ...old, spec: { ...old.spec, ...spec } } });
  };
  const moved = {
    nodeSelector: { c: "d" },
    tolerations: [{ operator: "Exists" }],
    schedulingGates: [{ name: "a.io/gate" }],
    affinity: { nodeAffinity: {} },
  };
  const resized = { containers: [{ name: "main", image: "main:1", resources: { requests: { cpu: "1" } } }] };

  it.each<[string, Fields, Fields, boolean]>([
    ["that never ran", { suspend: true }, {}, true],
    [
      "that paused",
      { suspend: true },
      { startTime: "2026-01-01T00:00:00Z", conditions: [{ type: "Suspended", status: "True" }] },
      true,
    ],
    ["that does not pause yet", { suspend: true }, { startTime: "2026-01-01T00:00:00Z" }, false],
    ["whose pods still end", { suspend: true }, { active: 1 }, false],
    ["that runs", {}, {}, false],
  ])("%s places its pods elsewhere, or does not", (_, spec, status, isAllowed) => {
    const before = stored({ ...SELECTED, ...spec }, status);
    for (const change of [moved, resized]) {
      const problems = rules.change(before, withTemplate(before, change));
      if (isAllowed) expect(problems).toEqual([]);
      else expect(problems).toEqual([expect.stringMatching(/^spec.template: Invalid value: .*: field is immutable$/u)]);
    }
  });

  it("gives a suspended job no other image", () => {
    const before = stored({ suspend: true });
    const after = withTemplate(before, { containers: [{ name: "main", image: "main:2" }] });
    expect(rules.change(before, after)).toEqual([
      expect.stringMatching(/^spec.template.spec: Invalid value: .*: field is immutable$/u),
    ]);
  });
});

const START = "2026-01-01T00:00:00Z";
const END = "2026-01-01T00:01:00Z";
const conditions = (...types: string[]): Fields => ({ conditions: types.map((type) => ({ type, status: "True" })) });
const COMPLETE = { startTime: START, completionTime: END, ...conditions("SuccessCriteriaMet", "Complete") };
const FAILED = { startTime: START, ...conditions("FailureTarget", "Failed") };
const hidden = (why: string): string[] => [`status.conditions: Invalid value: ${why}`];

describe("the status of a job", () => {
  it.each<[string, Fields, Fields, Fields, string[]]>([
    ["begins", {}, {}, { startTime: START, active: 1, ready: 1 }, []],
    ["ends well", {}, { startTime: START }, COMPLETE, []],
    ["ends badly", {}, { startTime: START }, FAILED, []],
    ["takes conditions of others", {}, {}, conditions("Mine"), []],
    [
      "counts from none",
      {},
      {},
      { active: -1, failed: -1, terminating: -1 },
      [
        `status.active: Invalid value: -1: ${NEGATIVE}`,
        `status.failed: Invalid value: -1: ${NEGATIVE}`,
        `status.terminating: Invalid value: -1: ${NEGATIVE}`,
        "status.failed: Invalid value: -1: cannot decrease the failed counter",
      ],
    ],
    [
      "names each pod once",
      {},
      {},
      { uncountedTerminatedPods: { succeeded: ["a", ""], failed: ["a"] } },
      [
        'status.uncountedTerminatedPods.succeeded[1]: Invalid value: "": must not be empty',
        'status.uncountedTerminatedPods.failed[0]: Duplicate value: "a"',
      ],
    ],
    [
      "is not both",
      {},
      {},
      {
        startTime: START,
        completionTime: END,
        ...conditions("Complete", "Failed", "FailureTarget", "SuccessCriteriaMet"),
      },
      [
        "status.conditions: Invalid value: cannot set Complete=True and Failed=true conditions",
        "status.conditions: Invalid value: cannot set Complete=True and FailureTarget=true conditions",
        "status.conditions: Invalid value: cannot set SuccessCriteriaMet=True and Failed=true conditions",
        "status.conditions: Invalid value: cannot set SuccessCriteriaMet=True and FailureTarget=true conditions",
      ],
    ],
    [
      "fails after it is failing",
      {},
      {},
      { startTime: START, ...conditions("Failed") },
      hidden("cannot set Failed=True condition without the FailureTarget=true condition"),
    ],
    [
      "is complete after it succeeds",
      {},
      {},
      { startTime: START, completionTime: END, ...conditions("Complete") },
      hidden("cannot set Complete=True condition without the SuccessCriteriaMet=true condition"),
    ],
    [
      "is not complete before",
      {},
      {},
      { startTime: START, completionTime: END },
      [
        `status.completionTime: Invalid value: "${END}": cannot set completionTime when there is no Complete=True condition`,
      ],
    ],
    [
      "says when it was complete",
      {},
      {},
      { startTime: START, ...conditions("SuccessCriteriaMet", "Complete") },
      ["status.completionTime: Required value: completionTime is required for Complete jobs"],
    ],
    [
      "ends after it begins",
      {},
      {},
      { ...COMPLETE, startTime: END, completionTime: START },
      [`status.completionTime: Invalid value: "${START}": must be equal to or after \`startTime\``],
    ],
    [
      "says when it began",
      {},
      {},
      conditions("FailureTarget", "Failed"),
      ["status.startTime: Required value: startTime is required for finished job"],
    ],
    [
      "ends with its pods",
      {},
      {},
      { ...FAILED, active: 1, terminating: 1, uncountedTerminatedPods: { failed: ["a"] } },
      [
        "status.active: Invalid value: 1: active>0 is invalid for finished job",
        'status.uncountedTerminatedPods: Invalid value: {"failed":["a"]}: must be empty for finished job',
        "status.terminating: Invalid value: 1: terminating>0 is invalid for finished job",
      ],
    ],
    [
      "has no more ready than active pods",
      {},
      {},
      { ready: 1 },
      ["status.ready: Invalid value: 1: cannot set more ready pods than active"],
    ],
    [
      "names indexes that there are",
      PER_INDEX,
      {},
      { completedIndexes: "5", failedIndexes: "x" },
      [
        'status.completedIndexes: Invalid value: "5": error parsing completedIndexes: too large index: "5"',
        'status.failedIndexes: Invalid value: "x": error parsing failedIndexes: cannot convert string to integer for index: "x"',
      ],
    ],
    [
      "names indexes once",
      PER_INDEX,
      {},
      { completedIndexes: "0,2-4", failedIndexes: "1,3" },
      ['status.failedIndexes: Invalid value: "1,3": failedIndexes and completedIndexes overlap at index: 3'],
    ],
    [
      "names no indexes without any",
      {},
      {},
      { completedIndexes: "0", failedIndexes: "" },
      [
        'status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed completion mode',
        'status.failedIndexes: Invalid value: "": cannot set non-null failedIndexes when backoffLimitPerIndex is null',
      ],
    ],
    [
      "stays ended",
      {},
      FAILED,
      { startTime: START },
      [
        "status.conditions: Invalid value: cannot disable the terminal Failed=True condition",
        "status.conditions: Invalid value: cannot disable the terminal FailureTarget=True condition",
      ],
    ],
    [
      "stays succeeded",
      {},
      { startTime: START, ...conditions("SuccessCriteriaMet") },
      { startTime: START },
      hidden("cannot disable the SuccessCriteriaMet=True condition"),
    ],
    [
      "does not succeed after its end",
      {},
      { startTime: START, completionTime: END, ...conditions("Complete") },
      COMPLETE,
      hidden("cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions"),
    ],
    [
      "counts on",
      {},
      { failed: 2, succeeded: 2 },
      { failed: 1, succeeded: 1 },
      [
        "status.failed: Invalid value: 1: cannot decrease the failed counter",
        "status.succeeded: Invalid value: 1: cannot decrease the succeeded counter",
      ],
    ],
    ["may shrink with an elastic job", { ...INDEXED, parallelism: 5 }, { succeeded: 2 }, { succeeded: 1 }, []],
    [
      "keeps when it was complete",
      {},
      COMPLETE,
      { ...COMPLETE, completionTime: "2026-01-01T00:02:00Z" },
      ['status.completionTime: Invalid value: "2026-01-01T00:02:00Z": field is immutable'],
    ],
    [
      "keeps when it began",
      {},
      { startTime: START },
      { startTime: END },
      [`status.startTime: Invalid value: "${END}": field is immutable for unsuspended job once set`],
    ],
    ["forgets when it began while suspended", { suspend: true }, { startTime: START }, {}, []],
    [
      "lets what was wrong before be",
      {},
      { active: 1, ...conditions("Complete") },
      { active: 1, ready: 0, ...conditions("Complete") },
      [],
    ],
  ])("%s", (_, spec, before, after, problems) => {
    expect(rules.change(stored(spec, before), stored(spec, after), "status")).toEqual(problems);
  });

  it("of a job with a success policy is not complete without it", () => {
    const spec = successPolicy({ succeededCount: 1 });
    const before = { startTime: START, completionTime: END, ...conditions("Complete") };
    expect(rules.change(stored(spec, before), stored(spec, { ...before, active: 0 }), "status")).toEqual(
      hidden("cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True"),
    );
  });
});
