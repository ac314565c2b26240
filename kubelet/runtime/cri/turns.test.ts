import { Turns } from "./turns.ts";

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("Turns", () => {
  it("lets only so many run at once, in the order of asking, also past failures", async () => {
    const turns = new Turns(2);
    const started: number[] = [];
    const ends: (() => void)[] = [];
    const work = (index: number) => () =>
      new Promise<void>((resolve, reject) => {
        started.push(index);
        ends.push(() => (index === 0 ? reject(new Error("failed")) : resolve()));
      });
    const all = [0, 1, 2, 3].map((index) => turns.run(work(index)).catch(() => undefined));
    await settle();
    expect(started).toEqual([0, 1]);
    ends[0]?.();
    await settle();
    expect(started).toEqual([0, 1, 2]);
    ends[1]?.();
    await settle();
    ends[2]?.();
    ends[3]?.();
    await Promise.all(all);
    expect(started).toEqual([0, 1, 2, 3]);
    await turns.run(() => Promise.resolve());
  });

  it("forgets who no longer waits", async () => {
    const turns = new Turns(1);
    let end = (): void => undefined;
    const first = turns.run(() => new Promise<void>((resolve) => (end = resolve)));
    const unwanted = new AbortController();
    const second = turns.run(() => Promise.reject(new Error("it ran")), unwanted.signal);
    unwanted.abort();
    await expect(second).rejects.toMatchObject({ failure: "cancelled" });
    end();
    await first;
    expect(await turns.run(() => Promise.resolve("next"))).toBe("next");
  });
});
