/** One line of what a command prints: done when its `run` resolves. Steps start as soon as those they need are done. */
export interface Step<Context> {
  readonly name: string;
  readonly title: string;
  readonly needs: readonly string[];
  /** Resolves to more words for the line, or to `skipped` when there was nothing to do (no line then). */
  run(context: Context): Promise<StepOutcome>;
}

export type StepOutcome = string | undefined | typeof skipped;

/** Nothing was to do, so nothing is printed. */
export const skipped = Symbol("skipped");

/** Told of every step's start and end. */
export interface StepObserver {
  started(title: string): void;
  finished(title: string, detail: string | undefined, durationMs: number): void;
  skipped(title: string): void;
  failed(title: string, durationMs: number): void;
}
