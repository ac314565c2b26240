/** How much a run looks at. */
export interface Effort {
  /** Fewer objects and fewer rounds: figures for whoever changes something, not for the record. */
  readonly isQuick: boolean;
}

export interface Bench {
  readonly name: string;
  /** What it measures, in one line. */
  readonly measures: string;
  run(effort: Effort): Promise<void>;
}

/** Prints one figure of ours beside its baseline. `goal` is the row of DESIGN §7. */
export function report(what: string, ours: number, baseline: number, unit: string, goal: string): void {
  const ratio = ours / baseline;
  const figures = `${ours.toFixed(3)} ${unit} to ${baseline.toFixed(3)} ${unit}`;
  process.stdout.write(`${what.padEnd(52)} ${ratio.toFixed(2).padStart(6)}×   (${figures}; goal ${goal})\n`);
}

/** The middle of an odd number of measurements. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
