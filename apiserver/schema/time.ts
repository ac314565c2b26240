/** `metav1.Time` and `MicroTime` as Go reads and prints them, by arithmetic on the text (this folder has no clock). */

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

interface Moment {
  /** Days since 0000-03-01. */
  readonly days: number;
  readonly seconds: number;
  readonly fraction: string;
}

function wrong(text: string, layout: string): Error {
  return new Error(
    `parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(text)} as "2006"`,
  );
}

function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

function parse(text: string, layout: string): Moment {
  const match = RFC3339.exec(text);
  if (match === null) throw wrong(text, layout);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const monthDays = (MONTH_DAYS[month - 1] ?? 0) + (month === 2 && isLeap(year) ? 1 : 0);
  if (day < 1 || day > monthDays)
    throw new Error(`parsing time ${JSON.stringify(text)}: ${monthDays === 0 ? "month" : "day"} out of range`);
  if (hour > 23 || minute > 59 || second > 59)
    throw new Error(`parsing time ${JSON.stringify(text)}: hour out of range`);
  const zone = match[8] ?? "Z";
  const offset =
    zone === "Z" ? 0 : (zone[0] === "-" ? -60 : 60) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4)));
  return normalize(daysOf(year, month, day), hour * 3600 + minute * 60 + second - offset, match[7] ?? "");
}

function normalize(days: number, seconds: number, fraction: string): Moment {
  const shift = Math.floor(seconds / 86_400);
  return { days: days + shift, seconds: seconds - shift * 86_400, fraction };
}

/** Proleptic Gregorian, years that begin in March. */
function daysOf(year: number, month: number, day: number): number {
  const shifted = month > 2 ? year : year - 1;
  const yearDay = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return shifted * 365 + Math.floor(shifted / 4) - Math.floor(shifted / 100) + Math.floor(shifted / 400) + yearDay;
}

function dateOf(days: number): string {
  let year = Math.floor((days + 0.5) / 365.2425);
  while (daysOf(year, 3, 1) > days) year--;
  while (daysOf(year + 1, 3, 1) <= days) year++;
  const yearDay = days - daysOf(year, 3, 1);
  const march = Math.floor((5 * yearDay + 2) / 153);
  const day = yearDay - Math.floor((153 * march + 2) / 5) + 1;
  const month = march < 10 ? march + 3 : march - 9;
  return `${pad(month <= 2 ? year + 1 : year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
}

const pad = (value: number, width: number): string => String(value).padStart(width, "0");

function clockOf(seconds: number): string {
  return `${pad(Math.floor(seconds / 3600), 2)}:${pad(Math.floor(seconds / 60) % 60, 2)}:${pad(seconds % 60, 2)}`;
}

/** UTC with whole seconds. Throws an `Error` with Go's text. */
export function canonicalTime(text: string): string {
  const moment = parse(text, "2006-01-02T15:04:05Z07:00");
  if (text.length === 20) return text;
  return `${dateOf(moment.days)}T${clockOf(moment.seconds)}Z`;
}

/** UTC with microseconds. Throws an `Error` with Go's text. */
export function canonicalMicroTime(text: string): string {
  const moment = parse(text, "2006-01-02T15:04:05.000000Z07:00");
  return `${dateOf(moment.days)}T${clockOf(moment.seconds)}.${moment.fraction.padEnd(6, "0").slice(0, 6)}Z`;
}

const EPOCH_DAYS = daysOf(1970, 1, 1);

/** From protobuf's seconds and nanoseconds. */
export function timeFromUnix(seconds: number): string {
  const moment = normalize(EPOCH_DAYS, seconds, "");
  return `${dateOf(moment.days)}T${clockOf(moment.seconds)}Z`;
}

export function microTimeFromUnix(seconds: number, nanos: number): string {
  return `${timeFromUnix(seconds).slice(0, -1)}.${pad(Math.floor(nanos / 1000), 6)}Z`;
}

/** Seconds and nanoseconds since 1970 of a canonical time; undefined when the text is none. */
export function unixOf(text: string): { seconds: number; nanos: number } | undefined {
  if (!RFC3339.test(text)) return undefined;
  const moment = parse(text, "");
  return {
    seconds: (moment.days - EPOCH_DAYS) * 86_400 + moment.seconds,
    nanos: Number(moment.fraction.padEnd(9, "0").slice(0, 9)),
  };
}
