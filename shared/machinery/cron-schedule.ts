/**
 * Schedules of CronJobs, as upstream's parser reads them (robfig/cron v3, `ParseStandard`): five fields, or a
 * descriptor such as `@daily` or `@every 90m`. Errors are told in its words.
 */
import { durationProblem } from "./go-duration.ts";

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const FIELDS: readonly Bounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: DAYS },
];
const DESCRIPTORS = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
const EVERY = "@every ";
const INTEGER_MAX = 2 ** 63 - 1;

/** Why a schedule cannot be read, or nothing. `isTimeZone` knows the names that `TZ=` may give. */
export function scheduleProblem(text: string, isTimeZone: (name: string) => boolean): string | undefined {
  let schedule = text;
  const zone = /^(?:CRON_)?TZ=(\S*)(.*)$/su.exec(text);
  if (zone !== null) {
    const [, name = "", rest = ""] = zone;
    if (rest === "") return "invalid schedule format: runtime error: slice bounds out of range [:-1]";
    if (!isTimeZone(name)) return `provided bad location ${name}: unknown time zone ${name}`;
    schedule = rest.trim();
  }
  if (schedule === "") return zone === null ? "empty spec string" : "expected exactly 5 fields, found 0: []";
  return schedule.startsWith("@") ? descriptorProblem(schedule) : fieldsProblem(schedule);
}

function descriptorProblem(descriptor: string): string | undefined {
  if (DESCRIPTORS.includes(descriptor)) return undefined;
  if (!descriptor.startsWith(EVERY)) return `unrecognized descriptor: ${descriptor}`;
  const problem = durationProblem(descriptor.slice(EVERY.length));
  return problem === undefined ? undefined : `failed to parse duration ${descriptor}: ${problem}`;
}

function fieldsProblem(schedule: string): string | undefined {
  const fields = schedule.split(/\s+/u).filter((field) => field !== "");
  if (fields.length !== FIELDS.length)
    return `expected exactly ${FIELDS.length} fields, found ${fields.length}: [${fields.join(" ")}]`;
  for (const [index, bounds] of FIELDS.entries()) {
    const ranges = (fields[index] ?? "").split(",").filter((range) => range !== "");
    for (const range of ranges) {
      const problem = rangeProblem(range, bounds);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

/** A number, or the sentence that says why it is none. */
function numberOf(text: string, names: readonly string[] = [], first = 0): number | string {
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0) return named + first;
  const quoted = `strconv.Atoi: parsing ${JSON.stringify(text)}`;
  if (!/^[+-]?[0-9]+$/u.test(text)) return `failed to parse int from ${text}: ${quoted}: invalid syntax`;
  const value = Number(text);
  if (Math.abs(value) > INTEGER_MAX) return `failed to parse int from ${text}: ${quoted}: value out of range`;
  return value < 0 ? `negative number (${value}) not allowed: ${text}` : value;
}

/** `*`, `5`, `5-9`, each with an optional `/step`. */
function rangeProblem(text: string, { min, max, names }: Bounds): string | undefined {
  const [range = "", stepText, ...moreSteps] = text.split("/");
  const [low = "", high, ...moreHyphens] = range.split("-");
  const isAll = low === "*" || low === "?";
  const start = isAll ? min : numberOf(low, names, min);
  if (typeof start === "string") return start;
  let end: number | string = isAll ? max : start;
  if (!isAll && high !== undefined) {
    if (moreHyphens.length > 0) return `too many hyphens: ${text}`;
    end = numberOf(high, names, min);
    if (typeof end === "string") return end;
  }
  if (moreSteps.length > 0) return `too many slashes: ${text}`;
  const step = stepText === undefined ? 1 : numberOf(stepText);
  if (typeof step === "string") return step;
  if (stepText !== undefined && high === undefined) end = max;
  if (start < min) return `beginning of range (${start}) below minimum (${min}): ${text}`;
  if (end > max) return `end of range (${end}) above maximum (${max}): ${text}`;
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${text}`;
  return step === 0 ? `step of range should be a positive number: ${text}` : undefined;
}
