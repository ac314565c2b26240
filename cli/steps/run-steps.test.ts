import { runSteps } from "./run-steps.ts";
import { type Step, type StepObserver, skipped } from "./step.ts";

function recorder(): { lines: string[]; observer: StepObserver } {
  const lines: string[] = [];
  return {
    lines,
    observer: {
      started: (title) => lines.push(`start ${title}`),
      finished: (title, detail) => lines.push(`done ${title}${detail === undefined ? "" : ` ${detail}`}`),
      skipped: (title) => lines.push(`skip ${title}`),
      failed: (title) => lines.push(`fail ${title}`),
    },
  };
}

const step = (name: string, needs: string[], run: Step<void>["run"]): Step<void> => ({ name, title: name, needs, run });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("running steps", () => {
  it("starts a step when those it needs are done, and others beside it", async () => {
    const { lines, observer } = recorder();
    const steps = [
      step("a", [], async () => {
        await turn();
        return "1";
      }),
      step("b", [], async () => undefined),
      step("c", ["a", "b"], async () => skipped),
    ];
    await runSteps(steps, undefined, observer);
    expect(lines).toEqual(["start a", "start b", "done b", "done a 1", "start c", "skip c"]);
  });

  it("starts nothing after a failure and rejects with it", async () => {
    const { lines, observer } = recorder();
    const steps = [step("a", [], () => Promise.reject(new Error("no"))), step("b", ["a"], async () => undefined)];
    await expect(runSteps(steps, undefined, observer)).rejects.toThrow("no");
    expect(lines).toEqual(["start a", "fail a"]);
  });
});
