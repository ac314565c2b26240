/**
 * Decides whether a history of concurrent operations is linearizable: whether each could have happened at one moment
 * between its call and its return. The search is Wing and Gong's with Lowe's memory of visited configurations
 * ("Testing for linearizability", 2016), the algorithm that Porcupine uses for etcd.
 *
 * L1  An operation that returned must be placed before every operation that was called after its return.
 * L2  An operation whose outcome nobody knows may be placed at any moment after its call, or nowhere.
 * L3  "unknown" means that the search was given up, never that it found something.
 */

export interface Operation<Input, Output> {
  readonly input: Input;
  /** Left out when the caller never learned what happened (L2). */
  readonly output?: Output;
  /** Any clock that all callers share. */
  readonly calledAt: number;
  readonly returnedAt: number;
}

/** A sequential object. */
export interface Model<State, Input, Output> {
  readonly initial: State;
  /** The state after that operation, or nothing when it could not have had that output. `output` may be unknown. */
  step(state: State, input: Input, output: Output | undefined): State | undefined;
  /** Equal for equal states. */
  keyOf(state: State): string;
}

export interface Verdict {
  readonly kind: "linearizable" | "not linearizable" | "unknown";
  /** Operations that could be placed at most; all of those that returned when it is linearizable. */
  readonly placed: number;
  readonly steps: number;
}

/** Half of an operation in the list of what is not placed yet. */
interface Entry {
  readonly index: number;
  readonly kind: "call" | "return";
  previous: Entry | undefined;
  next: Entry | undefined;
}

const STEPS_MAX = 20_000_000;

export function checkLinearizable<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  stepsMax: number = STEPS_MAX,
): Verdict {
  const { head, returnOf } = entriesOf(operations);
  const placed = new Uint16Array(Math.ceil(operations.length / 16));
  const seen = new Set<string>();
  const path: { readonly call: Entry; readonly before: State }[] = [];
  let state = model.initial;
  let most = 0;
  let steps = 0;
  let at = head.next;
  // Without an entry left to try, nothing that returned is left either (L2).
  while (at !== undefined) {
    if (++steps > stepsMax) return { kind: "unknown", placed: most, steps };
    if (at.kind === "call") {
      const operation = operations[at.index];
      const next = operation && model.step(state, operation.input, operation.output);
      if (next !== undefined && isNew(seen, placed, at.index, model.keyOf(next))) {
        path.push({ call: at, before: state });
        mark(placed, at.index, true);
        state = next;
        lift(at, returnOf[at.index]);
        most = Math.max(most, path.length);
        at = head.next;
      } else at = at.next;
      continue;
    }
    // A return that is reached before its call was placed: something placed earlier was wrong (L1).
    const last = path.pop();
    if (last === undefined) return { kind: "not linearizable", placed: most, steps };
    state = last.before;
    mark(placed, last.call.index, false);
    unlift(last.call, returnOf[last.call.index]);
    at = last.call.next;
  }
  return { kind: "linearizable", placed: most, steps };
}

/** All calls and returns in the order of time; a call at the moment of a return counts as concurrent. */
function entriesOf<Input, Output>(
  operations: readonly Operation<Input, Output>[],
): { head: Entry; returnOf: (Entry | undefined)[] } {
  const timed = operations.flatMap(({ output, calledAt, returnedAt }, index) => [
    { kind: "call" as const, index, time: calledAt },
    ...(output === undefined ? [] : [{ kind: "return" as const, index, time: returnedAt }]),
  ]);
  timed.sort((a, b) => a.time - b.time || (a.kind === b.kind ? 0 : a.kind === "call" ? -1 : 1));
  const head: Entry = { index: -1, kind: "call", previous: undefined, next: undefined };
  const returnOf: (Entry | undefined)[] = operations.map(() => undefined);
  let last = head;
  for (const { kind, index } of timed) {
    const entry: Entry = { index, kind, previous: last, next: undefined };
    last.next = entry;
    last = entry;
    if (kind === "return") returnOf[index] = entry;
  }
  return { head, returnOf };
}

function lift(call: Entry, end: Entry | undefined): void {
  for (const entry of [call, end]) {
    if (entry === undefined) continue;
    if (entry.previous !== undefined) entry.previous.next = entry.next;
    if (entry.next !== undefined) entry.next.previous = entry.previous;
  }
}

/** Puts back what `lift` took away last. */
function unlift(call: Entry, end: Entry | undefined): void {
  for (const entry of [end, call]) {
    if (entry === undefined) continue;
    if (entry.previous !== undefined) entry.previous.next = entry;
    if (entry.next !== undefined) entry.next.previous = entry;
  }
}

function mark(placed: Uint16Array, index: number, isPlaced: boolean): void {
  const bit = 1 << (index & 15);
  const word = placed[index >> 4] ?? 0;
  placed[index >> 4] = isPlaced ? word | bit : word & ~bit;
}

/** Whether that set of placed operations was not yet seen with that state. */
function isNew(seen: Set<string>, placed: Uint16Array, index: number, stateKey: string): boolean {
  mark(placed, index, true);
  const key = `${String.fromCharCode(...placed)}\n${stateKey}`;
  mark(placed, index, false);
  if (seen.has(key)) return false;
  seen.add(key);
  return true;
}
