/**
 * One object of the API as a register with optimistic locking: what a ConfigMap promises to many writers.
 * Values are unique in a history, so a value says which write it came from.
 */
import type { Model } from "./checker.ts";

export type RegisterInput =
  | { readonly kind: "read" }
  | { readonly kind: "create"; readonly value: string }
  /** Replaces the value if the object is still at that revision. */
  | { readonly kind: "update"; readonly value: string; readonly expectedRevision: string }
  | { readonly kind: "delete" };

export type RegisterOutput =
  | { readonly kind: "ok"; readonly value: string; readonly revision: string }
  | { readonly kind: "not found" }
  | { readonly kind: "already exists" }
  | { readonly kind: "conflict" };

/** `revision` is unknown after a write whose answer was lost, until somebody reads it. */
export type Register =
  | { readonly kind: "absent" }
  | { readonly kind: "present"; readonly value: string; readonly revision: string | undefined };

const ABSENT: Register = { kind: "absent" };

export const storedRegister: Model<Register, RegisterInput, RegisterOutput> = {
  initial: ABSENT,
  keyOf: (state) => (state.kind === "absent" ? "" : `${state.value}@${state.revision ?? "?"}`),
  step: (state, input, output) => {
    switch (input.kind) {
      case "read":
        return read(state, output);
      case "create":
        return create(state, input.value, output);
      case "update":
        return update(state, input.value, input.expectedRevision, output);
      case "delete":
        if (output === undefined) return ABSENT;
        if (state.kind === "absent") return output.kind === "not found" ? state : undefined;
        return output.kind === "ok" ? ABSENT : undefined;
      default:
        return input satisfies never;
    }
  },
};

function read(state: Register, output: RegisterOutput | undefined): Register | undefined {
  if (output === undefined) return state;
  if (state.kind === "absent") return output.kind === "not found" ? state : undefined;
  if (output.kind !== "ok" || output.value !== state.value) return undefined;
  if (state.revision !== undefined && state.revision !== output.revision) return undefined;
  return { ...state, revision: output.revision };
}

function create(state: Register, value: string, output: RegisterOutput | undefined): Register | undefined {
  if (state.kind === "present") return output === undefined || output.kind === "already exists" ? state : undefined;
  if (output === undefined) return { kind: "present", value, revision: undefined };
  return output.kind === "ok" ? { kind: "present", value, revision: output.revision } : undefined;
}

function update(
  state: Register,
  value: string,
  expectedRevision: string,
  output: RegisterOutput | undefined,
): Register | undefined {
  // A revision that nobody has seen yet cannot be the one that a client expects.
  const fits = state.kind === "present" && state.revision === expectedRevision;
  if (output === undefined) return fits ? { kind: "present", value, revision: undefined } : state;
  if (state.kind === "absent") return output.kind === "not found" ? state : undefined;
  if (!fits) return output.kind === "conflict" ? state : undefined;
  return output.kind === "ok" ? { kind: "present", value, revision: output.revision } : undefined;
}
