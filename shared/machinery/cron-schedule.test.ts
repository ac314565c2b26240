import { scheduleProblem } from "./cron-schedule.ts";

const problem = (text: string): string | undefined => scheduleProblem(text, (name) => name === "Europe/Amsterdam");

describe("a schedule", () => {
  it.each([
    "* * * * *",
    "*/5 0-23/2 1,15 jan-MAR Sun",
    "0 0 ? * ?",
    "5/15 * * * *",
    "  1   2 3 4 5 ",
    "@daily",
    "@every 1h30m",
    "@every -1.5s",
    "@every 0",
    "TZ=Europe/Amsterdam 0 0 * * *",
    "CRON_TZ=Europe/Amsterdam @hourly",
    ", 0 * * *",
  ])("may be %j", (text) => {
    expect(problem(text)).toBeUndefined();
  });

  it.each([
    ["", "empty spec string"],
    ["* * * *", "expected exactly 5 fields, found 4: [* * * *]"],
    ["0 0 0 * * *", "expected exactly 5 fields, found 6: [0 0 0 * * *]"],
    ["x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
    ["-1 * * * *", 'failed to parse int from : strconv.Atoi: parsing "": invalid syntax'],
    ["60 * * * *", "end of range (60) above maximum (59): 60"],
    ["* * 0 * *", "beginning of range (0) below minimum (1): 0"],
    ["9-5 * * * *", "beginning of range (9) beyond end of range (5): 9-5"],
    ["1-2-3 * * * *", "too many hyphens: 1-2-3"],
    ["1/2/3 * * * *", "too many slashes: 1/2/3"],
    ["*/0 * * * *", "step of range should be a positive number: */0"],
    [
      "99999999999999999999 * * * *",
      'failed to parse int from 99999999999999999999: strconv.Atoi: parsing "99999999999999999999": value out of range',
    ],
    ["@fortnightly", "unrecognized descriptor: @fortnightly"],
    ["@every 5", 'failed to parse duration @every 5: time: missing unit in duration "5"'],
    ["@every 5x", 'failed to parse duration @every 5x: time: unknown unit "x" in duration "5x"'],
    ["@every .s", 'failed to parse duration @every .s: time: invalid duration ".s"'],
    ["TZ=Mars 0 0 * * *", "provided bad location Mars: unknown time zone Mars"],
    ["TZ=Mars", "invalid schedule format: runtime error: slice bounds out of range [:-1]"],
  ])("may not be %j", (text, words) => {
    expect(problem(text)).toBe(words);
  });
});
