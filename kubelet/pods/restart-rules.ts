/**
 * Whether a container that ended is started again: pure. Upstream: `pkg/api/v1/pod/util.go` ContainerShouldRestart,
 * KEP-5307 (rules of one container) and KEP-5532 (rules that restart the whole pod).
 */
import type { Container, EphemeralContainer, Pod } from "../../shared/api/generated/core/v1.ts";
import type { ObservedPod } from "../runtime/runtime.ts";
import { allContainersOf, type DeclaredContainer, restartPolicyOf } from "./pod-containers.ts";

type RuleAction = "Restart" | "RestartAllContainers";

/** Action of the first rule that the exit code matches. */
function ruleFor(
  { restartPolicyRules = [] }: Container | EphemeralContainer,
  exitCode: number,
): RuleAction | undefined {
  const rule = restartPolicyRules.find(({ exitCodes }) => {
    const isListed = exitCodes?.values?.includes(exitCode) === true;
    return exitCodes !== undefined && (exitCodes.operator === "In" ? isListed : !isListed);
  });
  return rule?.action === "Restart" || rule?.action === "RestartAllContainers" ? rule.action : undefined;
}

/** Rules first, then the container's own policy, then the pod's. */
export function restartsAfter(pod: Pod, container: DeclaredContainer, exitCode: number): boolean {
  if (container.role === "ephemeral") return false;
  if (ruleFor(container.spec, exitCode) !== undefined) return true;
  const policy = restartPolicyOf(pod, container);
  if (policy === "Never") return false;
  if (container.role === "init") return exitCode !== 0;
  return policy === "Always" || exitCode !== 0;
}

/** A container that is killed for its own good comes back unless its policy is Never. */
export function restartsAfterKill(pod: Pod, container: DeclaredContainer): boolean {
  return restartPolicyOf(pod, container) !== "Never";
}

/**
 * When a container last ended in a way that restarts all of them: what was made before then has to go and to come
 * again, init containers included. 0 when that never happened.
 */
export function restartEpochMs(pod: Pod, observed: ObservedPod): number {
  let epochMs = 0;
  for (const { spec } of allContainersOf(pod)) {
    if (spec.restartPolicyRules === undefined) continue;
    for (const run of observed.containers) {
      if (run.name !== spec.name || run.state !== "exited") continue;
      if (ruleFor(spec, run.exitCode) === "RestartAllContainers") epochMs = Math.max(epochMs, run.finishedAtMs);
    }
  }
  return epochMs;
}
