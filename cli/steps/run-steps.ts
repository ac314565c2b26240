import { type Step, type StepObserver, skipped } from "./step.ts";

/**
 * Runs steps as their needs allow, side by side where they can. Rejects with the first failure, after the steps that
 * were running have ended; no further step is started then. A step that needs an unknown one is an error of ours.
 */
export async function runSteps<Context>(
  steps: readonly Step<Context>[],
  context: Context,
  observer: StepObserver,
): Promise<void> {
  const running = new Map<string, Promise<void>>();
  const failures: unknown[] = [];
  for (const step of steps) {
    const needs = step.needs.map((need) => {
      const promise = running.get(need);
      if (promise === undefined) throw new Error(`step "${step.name}" needs "${need}", which does not stand before it`);
      return promise;
    });
    running.set(
      step.name,
      Promise.all(needs).then(() => (failures.length > 0 ? undefined : runStep(step, context, observer, failures))),
    );
  }
  await Promise.all(running.values());
  if (failures.length > 0) throw failures[0];
}

async function runStep<Context>(
  step: Step<Context>,
  context: Context,
  observer: StepObserver,
  failures: unknown[],
): Promise<void> {
  const startMs = performance.now();
  observer.started(step.title);
  try {
    const outcome = await step.run(context);
    if (outcome === skipped) observer.skipped(step.title);
    else observer.finished(step.title, outcome, performance.now() - startMs);
  } catch (err) {
    failures.push(err);
    observer.failed(step.title, performance.now() - startMs);
  }
}
