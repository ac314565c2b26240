import { NO_LOAD, planThreads, type Utilisation } from "./thread-plan.ts";

/** The actions of so many equal seconds, without those where nothing was to be done. */
function actionsOf(seconds: number, utilisations: readonly Utilisation[], threadsMax = 2): string[] {
  const actions: string[] = [];
  let load = NO_LOAD;
  for (let second = 1; second <= seconds; second++) {
    const decision = planThreads(load, utilisations, threadsMax);
    load = decision.load;
    if (decision.action !== "none") actions.push(`${decision.action} after ${second}`);
  }
  return actions;
}

describe("planThreads", () => {
  it.each<[string, number, Utilisation[], number, string[]]>([
    ["starts one when the only thread stays busy", 4, [0.9], 2, ["start after 3"]],
    ["does nothing for a busy moment", 2, [1], 2, []],
    ["does nothing when there are as many as there may be", 60, [1, 1], 2, []],
    ["does nothing while one of two has room", 60, [1, 0.2], 4, []],
    ["starts a third when both are busy", 3, [0.8, 0.8], 4, ["start after 3"]],
    ["ends one after ten quiet minutes", 700, [0.1, 0.1], 2, ["end after 600"]],
    ["keeps the only one", 2000, [0], 2, []],
    ["keeps two that one could hardly replace", 2000, [0.2, 0.2], 2, []],
  ])("%s", (_what, seconds, utilisations, threadsMax, expected) => {
    expect(actionsOf(seconds, utilisations, threadsMax)).toEqual(expected);
  });

  it("begins to count anew after a second that was not busy", () => {
    let { load } = planThreads(NO_LOAD, [1], 2);
    load = planThreads(load, [1], 2).load;
    load = planThreads(load, [0.1], 2).load;
    expect(planThreads(load, [1], 2).action).toBe("none");
  });
});
