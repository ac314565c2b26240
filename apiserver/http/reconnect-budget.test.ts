import type { Socket } from "node:net";
import { ReconnectBudget } from "./reconnect-budget.ts";

const connections = (count: number): Socket[] => Array.from({ length: count }, () => ({}) as Socket);

describe("ReconnectBudget", () => {
  it("asks each old connection once, no new one, and not before it is told to", () => {
    const budget = new ReconnectBudget(() => 0);
    const [old, young] = connections(2) as [Socket, Socket];
    budget.note(old);
    expect(budget.isLast(old)).toBe(false);
    budget.ask();
    budget.note(young);
    expect([budget.isLast(old), budget.isLast(old), budget.isLast(young)]).toEqual([true, false, false]);
    budget.ask();
    expect(budget.isLast(young)).toBe(true);
  });

  it("asks only some in a second, and the others later", () => {
    let nowMs = 10_000;
    const budget = new ReconnectBudget(() => nowMs);
    const all = connections(100);
    for (const one of all) budget.note(one);
    budget.ask();
    const asked = [];
    for (let second = 0; second < 3; second++) {
      asked.push(all.filter((one) => budget.isLast(one)).length);
      nowMs += 1000;
    }
    expect(asked).toEqual([40, 40, 20]);
  });
});
