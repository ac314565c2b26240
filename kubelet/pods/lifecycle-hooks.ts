/** postStart and preStop handlers. Upstream: `pkg/kubelet/lifecycle/handlers.go`. */
import type { Container, LifecycleHandler } from "../../shared/api/generated/core/v1.ts";
import type { Clock } from "../../shared/process/clock.ts";
import { portNumber } from "../containers/port-number.ts";
import { probeHttp } from "../probes/http-request.ts";
import type { ContainerRuntime } from "../runtime/runtime.ts";

export interface HookTarget {
  readonly containerId: string;
  readonly container: Pick<Container, "ports" | "name">;
  readonly host: string;
}

/** Longest HTTP hook, whatever the grace. */
const HTTP_TIMEOUT_MS = 30_000;

/** Resolves when the handler succeeded; rejects with its failure. */
export async function runHook(
  runtime: ContainerRuntime,
  clock: Clock,
  handler: LifecycleHandler,
  target: HookTarget,
  signal: AbortSignal,
): Promise<void> {
  if (handler.exec !== undefined) {
    const command = handler.exec.command ?? [];
    const { exitCode, output } = await runtime.exec(target.containerId, command, 0);
    if (exitCode !== 0)
      throw new Error(`command '${command.join(" ")}' exited with ${exitCode}: ${output.toString("utf8")}`);
  } else if (handler.httpGet !== undefined) {
    const port = portNumber(handler.httpGet.port, target.container.ports);
    if (port === undefined) throw new Error(`couldn't find port: ${handler.httpGet.port}`);
    const answer = await probeHttp(handler.httpGet, target.host, port, HTTP_TIMEOUT_MS);
    // Any answer of the server counts: only a failed connection is a failed hook.
    if (!answer.isSuccess && !answer.output.startsWith("HTTP probe failed")) throw new Error(answer.output);
  } else if (handler.sleep !== undefined) {
    await clock.sleep(handler.sleep.seconds * 1000, signal);
  }
}
