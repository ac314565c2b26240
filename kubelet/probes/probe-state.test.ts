import type { Probe } from "../../shared/api/generated/core/v1.ts";
import { advanceProbe, initialProbeState, type ProbeKind, type ProbeState } from "./probe-state.ts";

function after(kind: ProbeKind, probe: Probe, outcomes: string): ProbeState {
  return outcomes
    .split("")
    .reduce<ProbeState>(
      (state, letter) => advanceProbe(state, probe, letter === "+" ? "success" : "failure"),
      initialProbeState(kind),
    );
}

describe("advanceProbe", () => {
  it("trusts a container's liveness and doubts its readiness until told otherwise", () => {
    expect(initialProbeState("liveness").result).toBe("success");
    expect(initialProbeState("readiness").result).toBe("failure");
    expect(initialProbeState("startup").result).toBe("unknown");
  });

  it("turns only after as many failures in a row as the threshold says", () => {
    expect(after("liveness", { failureThreshold: 3 }, "--").result).toBe("success");
    expect(after("liveness", { failureThreshold: 3 }, "--+--").result).toBe("success");
    expect(after("liveness", { failureThreshold: 3 }, "--+---").result).toBe("failure");
  });

  it("turns back only after as many successes in a row as the threshold says", () => {
    expect(after("readiness", { successThreshold: 2 }, "+").result).toBe("failure");
    expect(after("readiness", { successThreshold: 2 }, "++").result).toBe("success");
    expect(after("readiness", {}, "+").result).toBe("success");
  });
});
