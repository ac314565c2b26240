import { rulesOf } from "../../../test/support/kind-rules.ts";
import { tableOf } from "../../tables/table.ts";
import { eventStrategy } from "../core/event.ts";
import { eventsV1EventStrategy } from "./event.ts";

type Part = Record<string, unknown>;

const rules = rulesOf(eventsV1EventStrategy);
const core = rulesOf(eventStrategy);

const event = (more: Part = {}): Part => ({
  regarding: { kind: "Pod", namespace: "default", name: "web" },
  reason: "Started",
  action: "Starting",
  type: "Normal",
  eventTime: "2026-01-01T00:00:00.000000Z",
  reportingController: "example.com/test",
  reportingInstance: "test-1",
  ...more,
});
const UNSET = "needs to be unset";

describe("the rules of events of events.k8s.io", () => {
  it.each<[string, Part, unknown[]]>([
    ["no time", { eventTime: undefined }, ["eventTime: Required value"]],
    ["another type", { type: "Odd" }, ['type: Invalid value: "": has invalid value: Odd']],
    [
      "who says so missing",
      { reportingController: "", reportingInstance: "", action: "", reason: "" },
      [
        "reportingController: Required value",
        expect.stringMatching(/^reportingController: Invalid value: "": name part must be non-empty/),
        expect.stringMatching(/^reportingController: Invalid value: "": name part must consist of/),
        "reportingInstance: Required value",
        "action: Required value",
        "reason: Required value",
      ],
    ],
    [
      "long words",
      { reportingInstance: "a".repeat(129), action: "ä".repeat(65), reason: "a".repeat(129), note: "a".repeat(1025) },
      [
        'reportingInstance: Invalid value: "": can have at most 128 characters',
        'action: Invalid value: "": can have at most 128 characters',
        'reason: Invalid value: "": can have at most 128 characters',
        'message: Invalid value: "": can have at most 1024 characters',
      ],
    ],
    [
      "fields of the old form",
      {
        deprecatedFirstTimestamp: "2026-01-01T00:00:00Z",
        deprecatedLastTimestamp: "2026-01-01T00:00:00Z",
        deprecatedCount: 1,
        deprecatedSource: { component: "a" },
      },
      ["firstTimestamp", "lastTimestamp", "count", "source"].map((field) => `${field}: Invalid value: "": ${UNSET}`),
    ],
    [
      "a series of one",
      { series: { count: 1 } },
      ['series.count: Invalid value: "": should be at least 2', "series.lastObservedTime: Required value"],
    ],
    [
      "nothing that it is about, in a namespace of users",
      { metadata: { name: "x", namespace: "mine" }, regarding: {} },
      ['involvedObject.namespace: Invalid value: "": does not match event.namespace'],
    ],
    [
      "a name that is none",
      { metadata: { name: "A b", namespace: "default" } },
      [expect.stringMatching(/^metadata.name: Invalid value: "A b": a lowercase RFC 1123 subdomain/)],
    ],
  ])("refuse %s", (_, more, problems) => {
    expect(rules.creation(event(more))).toEqual(problems);
  });

  it("let the series grow, and nothing else change", () => {
    const series = { count: 2, lastObservedTime: "2026-01-01T00:00:01.000000Z" };
    expect(rules.change(event(), event({ series }))).toEqual([]);
    expect(rules.change(event(), event({ note: "more", type: "Warning", series: { count: 1 } }))).toEqual([
      'series.count: Invalid value: "": should be at least 2',
      "series.lastObservedTime: Required value",
      'message: Invalid value: "more": field is immutable',
      'type: Invalid value: "Warning": field is immutable',
    ]);
    const once = event({ series: { count: 1 } });
    expect(rules.change(once, once)).toEqual([]);
  });

  it("let events of the old form be seen and labelled", () => {
    const old = { regarding: { namespace: "default", name: "web" }, deprecatedCount: 3 };
    expect(rules.change(old, old)).toEqual([]);
  });
});

describe("the columns of events", () => {
  const NOW = 1_767_225_660_000; // 2026-01-01T00:01:00Z
  const cells = (strategy: typeof eventStrategy, object: object): unknown =>
    tableOf(strategy, [object as never], { nowMs: NOW }).rows[0]?.cells;

  it("are the same in both groups", () => {
    const series = { count: 7, lastObservedTime: "2026-01-01T00:00:30.000000Z" };
    const row = ["30s", "Normal", "Started", "pod/web", "", "example.com/test, test-1", "it did", "60s", 7, "x"];
    expect(cells(eventsV1EventStrategy, rules.read(event({ note: " it did ", series })))).toEqual(row);
    const old = core.read({
      involvedObject: { kind: "Pod", namespace: "default", name: "web" },
      reason: "Started",
      type: "Normal",
      message: "it did",
      eventTime: "2026-01-01T00:00:00.000000Z",
      reportingComponent: "example.com/test",
      reportingInstance: "test-1",
      series,
    });
    expect(cells(eventStrategy, old)).toEqual(row);
  });

  it("count what was seen once, and name a kind alone", () => {
    const old = core.read({ involvedObject: { kind: "Pod" }, source: { component: "kubelet", host: "n" } });
    expect(cells(eventStrategy, old)).toEqual(["<unknown>", "", "", "pod", "", "kubelet, n", "", "<unknown>", 1, "x"]);
  });
});
