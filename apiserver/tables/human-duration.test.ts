import { ageOf, humanDuration } from "./human-duration.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe("an age", () => {
  it.each([
    [0, "0s"],
    [-1 * SECOND, "0s"],
    [-5 * SECOND, "<invalid>"],
    [119 * SECOND, "119s"],
    [2 * MINUTE, "2m"],
    [3 * MINUTE + 20 * SECOND, "3m20s"],
    [10 * MINUTE + 20 * SECOND, "10m"],
    [179 * MINUTE, "179m"],
    [3 * HOUR, "3h"],
    [3 * HOUR + 5 * MINUTE, "3h5m"],
    [8 * HOUR + 5 * MINUTE, "8h"],
    [47 * HOUR, "47h"],
    [2 * DAY, "2d"],
    [4 * DAY + 7 * HOUR, "4d7h"],
    [8 * DAY + 7 * HOUR, "8d"],
    [729 * DAY, "729d"],
    [2 * 365 * DAY + 30 * DAY, "2y30d"],
    [9 * 365 * DAY + 30 * DAY, "9y"],
  ])("of %d ms reads %s", (durationMs, text) => {
    expect(humanDuration(durationMs)).toBe(text);
  });

  it("is unknown without a time", () => {
    expect(ageOf(undefined, 0)).toBe("<unknown>");
    expect(ageOf("1970-01-01T00:00:00Z", 5000)).toBe("5s");
  });
});
