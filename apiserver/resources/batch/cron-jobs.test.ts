import { rulesOf } from "../../../test/support/kind-rules.ts";
import { tableOf } from "../../tables/table.ts";
import { cronJobStrategy } from "./cron-job.ts";

type Fields = Record<string, unknown>;

const rules = rulesOf(cronJobStrategy);
const template = { spec: { restartPolicy: "Never", containers: [{ name: "main", image: "main:1" }] } };
const cronJob = (spec: Fields = {}, job: Fields = {}, name = "x"): object => ({
  metadata: { name, namespace: "default" },
  spec: { schedule: "0 0 * * *", jobTemplate: { spec: { template, ...job } }, ...spec },
});

describe("a cron job", () => {
  it.each<[string, object]>([
    ["at midnight", cronJob()],
    ["elsewhere", cronJob({ timeZone: "Europe/Amsterdam" })],
    ["of Calcutta", cronJob({ timeZone: "Asia/Calcutta" })],
    ["of Pacific time", cronJob({ timeZone: "US/Pacific" })],
    ["of no place", cronJob({ timeZone: "Etc/UTC" })],
    ["with a name as long as its jobs allow", cronJob({}, {}, "x".repeat(52))],
  ])("is good %s", (_, draft) => {
    expect(rules.creation(draft)).toEqual([]);
  });

  it.each<[string, object, string]>([
    ["no schedule", cronJob({ schedule: "" }), "spec.schedule: Required value"],
    [
      "half a schedule",
      cronJob({ schedule: "0 0 *" }),
      'spec.schedule: Invalid value: "0 0 *": expected exactly 5 fields, found 3: [0 0 *]',
    ],
    [
      "a zone in its schedule",
      cronJob({ schedule: "TZ=UTC 0 0 * * *" }),
      'spec.schedule: Invalid value: "TZ=UTC 0 0 * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
    ],
    [
      "an empty zone",
      cronJob({ timeZone: "" }),
      'spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string',
    ],
    [
      "a zone by another name",
      cronJob({ timeZone: "Mars/Olympus" }),
      'spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus',
    ],
    [
      "a zone in small letters",
      cronJob({ timeZone: "europe/amsterdam" }),
      'spec.timeZone: Invalid value: "europe/amsterdam": unknown time zone europe/amsterdam',
    ],
    [
      "a zone by its offset",
      cronJob({ timeZone: "+01" }),
      'spec.timeZone: Invalid value: "+01": unknown time zone +01',
    ],
    [
      "a zone above",
      cronJob({ timeZone: "../UTC" }),
      'spec.timeZone: Invalid value: "../UTC": unknown time zone ../UTC',
    ],
    [
      "the zone of the server",
      cronJob({ timeZone: "Local" }),
      'spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
    ],
    [
      "a deadline before it starts",
      cronJob({ startingDeadlineSeconds: -1 }),
      "spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0",
    ],
    [
      "fewer than no good jobs",
      cronJob({ successfulJobsHistoryLimit: -1 }),
      "spec.successfulJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0",
    ],
    [
      "fewer than no bad jobs",
      cronJob({ failedJobsHistoryLimit: -1 }),
      "spec.failedJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0",
    ],
    [
      "another way beside itself",
      cronJob({ concurrencyPolicy: "Queue" }),
      'spec.concurrencyPolicy: Unsupported value: "Queue": supported values: "Allow", "Forbid", "Replace"',
    ],
    [
      "a selector for its jobs",
      cronJob({}, { selector: { matchLabels: { a: "b" } } }),
      'spec.jobTemplate.spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: `selector` will be auto-generated',
    ],
    [
      "a will to select",
      cronJob({}, { manualSelector: true }),
      'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
    ],
    [
      "a wrong job",
      cronJob({}, { parallelism: -1 }),
      "spec.jobTemplate.spec.parallelism: Invalid value: -1: must be greater than or equal to 0",
    ],
    [
      "too long a name",
      cronJob({}, {}, "x".repeat(53)),
      `metadata.name: Invalid value: "${"x".repeat(53)}": must be no more than 52 characters`,
    ],
  ])("does not take %s", (_, draft, problem) => {
    expect(rules.creation(draft)).toContain(problem);
  });

  it("keeps a name and a zone that older servers took", () => {
    const long = cronJob({ timeZone: "Old/Zone" }, {}, "x".repeat(60));
    expect(rules.change(long, long)).toEqual([]);
    const old = cronJob({ schedule: "TZ=UTC 0 0 * * *" });
    expect(rules.change(old, old)).toEqual([]);
    expect(rules.change(old, cronJob({ schedule: "TZ=UTC 0 0 * * *", timeZone: "Etc/UTC" }))).toEqual([
      'spec.schedule: Invalid value: "TZ=UTC 0 0 * * *": cannot use both timeZone field and TZ or CRON_TZ in schedule',
    ]);
  });

  it("does not decide for its jobs", () => {
    expect(rules.created(cronJob())).toMatchObject({
      spec: { concurrencyPolicy: "Allow", suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 },
    });
    expect(rules.created(cronJob())).not.toHaveProperty("spec.jobTemplate.spec.parallelism");
  });

  it("warns of its name, and of a zone in its schedule", () => {
    expect(rules.warnings(cronJob({}, {}, "a.b"))).toEqual([expect.stringContaining("a DNS label is recommended")]);
    const old = cronJob({ schedule: "CRON_TZ=UTC 0 0 * * *" });
    expect(rules.warnings(old, old)).toEqual([
      "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details",
    ]);
  });

  it("shows whether it pauses in words", () => {
    const { columnDefinitions, rows } = tableOf(cronJobStrategy, [rules.read(cronJob({ suspend: true }))], {
      nowMs: 0,
    });
    const index = columnDefinitions.findIndex(({ name }) => name === "Suspend");
    expect(rows[0]?.cells[index]).toBe("True");
  });
});
