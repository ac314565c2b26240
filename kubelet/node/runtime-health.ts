/** Asks the runtime how it is, often while it is not well, and tells when that changes. */
import { deepEqual } from "../../shared/machinery/deep-equal.ts";
import type { Clock } from "../../shared/process/clock.ts";
import type { ContainerRuntime, RuntimeCondition } from "../runtime/runtime.ts";
import { runtimeProblems } from "./node-status.ts";

const WELL_MS = 5000;
const ILL_MS = 100;

export class RuntimeHealth {
  readonly #runtime: ContainerRuntime;
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #problems: readonly string[] = ["container runtime status check may not have completed yet"];

  constructor(runtime: ContainerRuntime, clock: Clock, onChange: () => void) {
    this.#runtime = runtime;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** Empty when the runtime and its network are ready. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  get networkProblem(): string {
    return this.#problems.find((problem) => problem.includes("network not ready")) ?? "";
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.check();
      await this.#clock.sleep(this.#problems.length === 0 ? WELL_MS : ILL_MS, signal);
    }
  }

  async check(): Promise<void> {
    let conditions: readonly RuntimeCondition[] | undefined;
    try {
      conditions = await this.#runtime.conditions();
    } catch {
      conditions = undefined;
    }
    const problems = runtimeProblems(conditions);
    if (deepEqual(problems, this.#problems)) return;
    this.#problems = problems;
    this.#onChange();
  }
}
