/** The judge is judged first: known histories, and a search by brute force that it must always agree with. */
import fc from "fast-check";
import { checkLinearizable, type Model, type Operation } from "./checker.ts";
import { type RegisterInput, type RegisterOutput, storedRegister } from "./stored-register.ts";

type Step = Operation<RegisterInput, RegisterOutput>;

const read = (calledAt: number, returnedAt: number, output: RegisterOutput): Step => ({
  input: { kind: "read" },
  output,
  calledAt,
  returnedAt,
});
const write = (calledAt: number, returnedAt: number, input: RegisterInput, output?: RegisterOutput): Step => ({
  input,
  calledAt,
  returnedAt,
  ...(output === undefined ? {} : { output }),
});
const ok = (value: string, revision: string): RegisterOutput => ({ kind: "ok", value, revision });
const create = (value: string): RegisterInput => ({ kind: "create", value });
const update = (value: string, expectedRevision: string): RegisterInput => ({
  kind: "update",
  value,
  expectedRevision,
});
const GONE: RegisterOutput = { kind: "not found" };

const KNOWN: readonly [string, "linearizable" | "not linearizable", readonly Step[]][] = [
  ["nothing at all", "linearizable", []],
  ["a read of nothing", "linearizable", [read(0, 1, GONE)]],
  ["a read of what was never written", "not linearizable", [read(0, 1, ok("a", "1"))]],
  [
    "a read during a write that sees the old state, and a later one the new",
    "linearizable",
    [write(0, 10, create("a"), ok("a", "1")), read(1, 2, GONE), read(3, 4, ok("a", "1"))],
  ],
  [
    "a read during a write that sees the new state, and a later one the old",
    "not linearizable",
    [write(0, 10, create("a"), ok("a", "1")), read(1, 2, ok("a", "1")), read(3, 4, GONE)],
  ],
  [
    "a stale read after a write returned",
    "not linearizable",
    [write(0, 1, create("a"), ok("a", "1")), read(2, 3, GONE)],
  ],
  [
    "two creates that both succeed",
    "not linearizable",
    [write(0, 5, create("a"), ok("a", "1")), write(1, 6, create("b"), ok("b", "2"))],
  ],
  [
    "a lost update: two writers replace the same revision",
    "not linearizable",
    [
      write(0, 1, create("a"), ok("a", "1")),
      write(2, 5, update("b", "1"), ok("b", "2")),
      write(3, 6, update("c", "1"), ok("c", "3")),
    ],
  ],
  [
    "one of two writers of the same revision loses",
    "linearizable",
    [
      write(0, 1, create("a"), ok("a", "1")),
      write(2, 5, update("b", "1"), { kind: "conflict" }),
      write(3, 6, update("c", "1"), ok("c", "3")),
    ],
  ],
  [
    "a conflict that nobody caused",
    "not linearizable",
    [write(0, 1, create("a"), ok("a", "1")), write(2, 5, update("b", "1"), { kind: "conflict" })],
  ],
  [
    "a write without an answer that shows up late",
    "linearizable",
    [write(0, 1, create("a")), read(2, 3, GONE), read(8, 9, ok("a", "4"))],
  ],
  ["a write without an answer that never shows up", "linearizable", [write(0, 1, create("a")), read(8, 9, GONE)]],
  [
    "a write without an answer that comes and goes",
    "not linearizable",
    [write(0, 1, create("a")), read(2, 3, ok("a", "4")), read(8, 9, GONE)],
  ],
  [
    "an acknowledged write that is lost",
    "not linearizable",
    [write(0, 1, create("a"), ok("a", "1")), write(2, 3, update("b", "1"), ok("b", "2")), read(4, 5, ok("a", "1"))],
  ],
  [
    "an object that returns from the dead",
    "not linearizable",
    [write(0, 1, create("a"), ok("a", "1")), write(2, 3, { kind: "delete" }, ok("a", "1")), read(4, 5, ok("a", "1"))],
  ],
  [
    "the same value under another revision",
    "not linearizable",
    [write(0, 1, create("a"), ok("a", "1")), read(2, 3, ok("a", "2"))],
  ],
];

describe("the linearizability checker", () => {
  it.each(KNOWN)("judges %s: %s", (_, expected, history) => {
    expect(checkLinearizable(storedRegister, history).kind).toBe(expected);
  });

  it("gives up instead of guessing", () => {
    const history = [write(0, 1, create("a"), ok("a", "1")), read(2, 3, ok("a", "1"))];
    expect(checkLinearizable(storedRegister, history, 1).kind).toBe("unknown");
  });

  it("agrees with a search by brute force on every small history", () => {
    const counts = { linearizable: 0, "not linearizable": 0, unknown: 0 };
    fc.assert(
      fc.property(fc.array(smallOperation, { maxLength: 5 }), (history) => {
        const { kind } = checkLinearizable(counter, history);
        counts[kind]++;
        expect(kind).toBe(bruteForce(counter, history) ? "linearizable" : "not linearizable");
      }),
      { numRuns: 3000, seed: 1 },
    );
    // Both verdicts must really have been tried.
    expect(Math.min(counts.linearizable, counts["not linearizable"])).toBeGreaterThan(300);
    expect(counts.unknown).toBe(0);
  });

  it("accepts every history that a real register made, and refuses it when one answer is made stale", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), (seed) => {
        const history = realHistory(seed, 200);
        expect(checkLinearizable(counter, history).kind).toBe("linearizable");
        const late = history.findLastIndex(({ input }) => input === "read");
        const spoiled = history.map((one, index) => (index === late ? { ...one, output: -1 } : one));
        expect(checkLinearizable(counter, spoiled).kind).toBe("not linearizable");
      }),
      { numRuns: 50, seed: 2 },
    );
  });
});

/** Fetch-and-add, small enough to search by hand: "add" gives the number before. */
const counter: Model<number, "add" | "read", number> = {
  initial: 0,
  keyOf: String,
  step: (state, input, output) => {
    if (output !== undefined && output !== state) return undefined;
    return input === "add" ? state + 1 : state;
  },
};

const smallOperation = fc
  .record({
    input: fc.constantFrom("add" as const, "read" as const),
    output: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined, freq: 6 }),
    calledAt: fc.integer({ min: 0, max: 8 }),
    takes: fc.integer({ min: 1, max: 5 }),
  })
  .map(({ input, output, calledAt, takes }) => ({
    input,
    calledAt,
    returnedAt: calledAt + takes,
    ...(output === undefined ? {} : { output }),
  }));

/** Tries every order of every subset that leaves out only operations without an answer. */
function bruteForce<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
): boolean {
  const search = (state: State, left: readonly Operation<Input, Output>[]): boolean => {
    if (left.every(({ output }) => output === undefined)) return true;
    return left.some((one) => {
      const mustWait = left.some((other) => other.output !== undefined && other.returnedAt < one.calledAt);
      if (mustWait) return false;
      const next = model.step(state, one.input, one.output);
      return (
        next !== undefined &&
        search(
          next,
          left.filter((other) => other !== one),
        )
      );
    });
  };
  return search(model.initial, operations);
}

/** What four clients see of a counter that is right; the moment of each operation lies within it. */
function realHistory(seed: number, length: number): Operation<"add" | "read", number>[] {
  let random = seed;
  const next = (limit: number): number => {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    return (random >>> 8) % limit;
  };
  const moments = Array.from({ length }, (_, index) => {
    const input = next(2) === 0 ? ("add" as const) : ("read" as const);
    return { input, at: index * 10, calledAt: index * 10 - next(40), returnedAt: index * 10 + next(40) };
  });
  let value = 0;
  return moments.map(({ input, calledAt, returnedAt }) => {
    const output = value;
    if (input === "add") value++;
    return { input, output, calledAt, returnedAt };
  });
}
