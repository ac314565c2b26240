/** Lists of indexes of a Job, as `1,3-5,7`: ascending, below its completions (`validateIndexesFormat`). */

export interface Interval {
  readonly first: number;
  readonly last: number;
}

/** What a text means, or upstream's words for why it means nothing. */
export type Parsed<T> = { readonly value: T } | { readonly problem: string };

export const problemOf = (parsed: Parsed<unknown>): string | undefined =>
  "problem" in parsed ? parsed.problem : undefined;

function parseIndex(text: string, completions: number): Parsed<number> {
  const quoted = JSON.stringify(text);
  if (!/^[+-]?[0-9]+$/u.test(text)) return { problem: `cannot convert string to integer for index: ${quoted}` };
  const value = Number(text);
  return value >= completions ? { problem: `too large index: ${quoted}` } : { value };
}

function parseInterval(text: string, completions: number): Parsed<Interval> {
  const [low = "", high, ...more] = text.split("-");
  if (more.length > 0) {
    const quoted = JSON.stringify(text);
    return {
      problem: `the fragment ${quoted} violates the requirement that an index interval can have at most two parts separated by '-'`,
    };
  }
  const first = parseIndex(low, completions);
  if ("problem" in first) return first;
  if (high === undefined) return { value: { first: first.value, last: first.value } };
  const last = parseIndex(high, completions);
  if ("problem" in last) return last;
  if (first.value >= last.value)
    return { problem: `non-increasing order, previous: ${first.value}, current: ${last.value}` };
  return { value: { first: first.value, last: last.value } };
}

/** How many indexes the text names. */
export function countIndexes(text: string, completions: number): Parsed<number> {
  let total = 0;
  let previous: number | undefined;
  for (const part of text === "" ? [] : text.split(",")) {
    const interval = parseInterval(part, completions);
    if ("problem" in interval) return interval;
    const { first, last } = interval.value;
    if (previous !== undefined && previous >= first)
      return { problem: `non-increasing order, previous: ${previous}, current: ${first}` };
    total += last - first + 1;
    previous = last;
  }
  return { value: total };
}

function intervalsOf(text: string, completions: number): Interval[] {
  if (text === "") return [];
  return text.split(",").flatMap((part) => {
    const interval = parseInterval(part, completions);
    return "problem" in interval ? [] : [interval.value];
  });
}

/** The first index that two texts share; intervals that cannot be read are passed over. */
export function sharedIndex(one: string, other: string, completions: number): number | undefined {
  const left = intervalsOf(one, completions);
  const right = intervalsOf(other, completions);
  for (let at = 0, beside = 0; at < left.length && beside < right.length; ) {
    const [a, b] = [left[at], right[beside]];
    if (a === undefined || b === undefined) return undefined;
    if (a.first <= b.last && b.first <= a.last) return Math.max(a.first, b.first);
    if (a.first <= b.first) at++;
    else beside++;
  }
  return undefined;
}
