/**
 * What an update would change, as text for the error that refuses it (apimachinery `pkg/util/diff`): a unified diff
 * of both sides in JSON. Upstream prints the names of its internal types; here they are those of the API.
 */
const CONTEXT_LINES = 3;
/** Above this many pairs of lines nothing is aligned: the old lines go, the new ones come. */
const PAIRS_MAX = 4_000_000;

interface Step {
  readonly sign: " " | "+" | "-";
  readonly line: string;
}

function withSortedKeys(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).filter(([, child]) => child !== undefined);
  return Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1)));
}

function linesOf(value: unknown): string[] {
  return (JSON.stringify(value, withSortedKeys, 1) ?? "null").split("\n");
}

/** Length of the longest common subsequence of what follows each pair of lines. */
function commonLengths(before: readonly string[], after: readonly string[]): Uint32Array {
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  for (let row = before.length - 1; row >= 0; row--) {
    for (let column = after.length - 1; column >= 0; column--) {
      const at = row * width + column;
      const down = lengths[at + width] ?? 0;
      const right = lengths[at + 1] ?? 0;
      lengths[at] = before[row] === after[column] ? (lengths[at + width + 1] ?? 0) + 1 : down > right ? down : right;
    }
  }
  return lengths;
}

function stepsOf(before: readonly string[], after: readonly string[]): Step[] {
  if (before.length * after.length > PAIRS_MAX) {
    return [
      ...before.map((line) => ({ sign: "-", line }) as const),
      ...after.map((line) => ({ sign: "+", line }) as const),
    ];
  }
  const lengths = commonLengths(before, after);
  const width = after.length + 1;
  const steps: Step[] = [];
  let row = 0;
  let column = 0;
  while (row < before.length || column < after.length) {
    const [old, fresh] = [before[row], after[column]];
    if (old !== undefined && old === fresh) {
      steps.push({ sign: " ", line: old });
      row++;
      column++;
    } else if (
      old !== undefined &&
      (fresh === undefined || (lengths[(row + 1) * width + column] ?? 0) >= (lengths[row * width + column + 1] ?? 0))
    ) {
      steps.push({ sign: "-", line: old });
      row++;
    } else if (fresh !== undefined) {
      steps.push({ sign: "+", line: fresh });
      column++;
    }
  }
  return steps;
}

/** Ranges of steps to print: every change with its surroundings, neighbours joined. */
function hunksOf(steps: readonly Step[]): { from: number; to: number }[] {
  const hunks: { from: number; to: number }[] = [];
  steps.forEach(({ sign }, index) => {
    if (sign === " ") return;
    const from = Math.max(0, index - CONTEXT_LINES);
    const to = Math.min(steps.length, index + CONTEXT_LINES + 1);
    const last = hunks.at(-1);
    if (last !== undefined && from <= last.to) last.to = to;
    else hunks.push({ from, to });
  });
  return hunks;
}

const countOf = (steps: readonly Step[], sign: "+" | "-"): number => steps.filter((step) => step.sign !== sign).length;

/** Empty when both sides print the same. */
export function objectDiff(before: unknown, after: unknown): string {
  const steps = stepsOf(linesOf(before), linesOf(after));
  return hunksOf(steps)
    .map(({ from, to }) => {
      const lead = steps.slice(0, from);
      const hunk = steps.slice(from, to);
      const range = (sign: "+" | "-"): string => `${countOf(lead, sign) + 1},${countOf(hunk, sign)}`;
      const body = hunk.map(({ sign, line }) => `${sign}${line}\n`).join("");
      return `@@ -${range("+")} +${range("-")} @@\n${body}`;
    })
    .join("");
}
