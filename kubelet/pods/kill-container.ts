/**
 * Ends one container: preStop, then its stop signal, then SIGKILL, all within the grace.
 * Upstream: `kuberuntime_container.go` killContainer.
 */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { RuntimeContainer } from "../runtime/runtime.ts";
import { POD_UID_LABEL } from "../runtime/labels.ts";
import { messageOf } from "../runtime/runtime-error.ts";
import { runHook } from "./lifecycle-hooks.ts";
import type { KubeletContext } from "./kubelet-context.ts";
import type { DeclaredContainer } from "./pod-containers.ts";

/** A container gets at least this long after its preStop, however long that took. */
const GRACE_SECONDS_MIN = 2;

export interface KillRequest {
  readonly pod: Pod;
  readonly container: RuntimeContainer;
  readonly declared: DeclaredContainer | undefined;
  readonly message: string;
  readonly graceSeconds: number;
  readonly host: string;
  /** Settles when those are dead that have to end before it; its own grace passes meanwhile. */
  readonly turn?: Promise<unknown>;
}

export function fieldPathOf(declared: DeclaredContainer): string {
  if (declared.role === "ephemeral") return `spec.ephemeralContainers{${declared.spec.name}}`;
  return declared.role === "main"
    ? `spec.containers{${declared.spec.name}}`
    : `spec.initContainers{${declared.spec.name}}`;
}

/** Resolves when it is dead. An aborted `signal` gives up waiting; the container may still be ending. */
export async function killContainer(context: KubeletContext, request: KillRequest, signal: AbortSignal): Promise<void> {
  const { pod, container, declared, graceSeconds } = request;
  const field = declared === undefined ? undefined : fieldPathOf(declared);
  context.events(pod, "Normal", "Killing", request.message, field);
  const startedAtMs = context.clock.monotonicMs();
  if (graceSeconds > 0) {
    if (container.state === "running") await runPreStop(context, request, signal);
    const leftMs = graceSeconds * 1000 - (context.clock.monotonicMs() - startedAtMs);
    if (request.turn !== undefined) await within(context, leftMs, signal, () => request.turn);
  }
  const elapsedSeconds = Math.ceil((context.clock.monotonicMs() - startedAtMs - 500) / 1000);
  const rest = graceSeconds === 0 ? 0 : Math.max(GRACE_SECONDS_MIN, graceSeconds - Math.max(0, elapsedSeconds));
  if (signal.aborted) return;
  const graceLeft = Math.min(rest, Math.max(graceSeconds, GRACE_SECONDS_MIN));
  const stopSignal = declared?.spec.lifecycle?.stopSignal;
  if (stopSignal === undefined || graceLeft === 0 || container.state !== "running")
    return context.runtime.stopContainer(container.id, graceLeft, signal);
  await signalAndWait(context, container, stopSignal, graceLeft, signal);
  await context.runtime.stopContainer(container.id, 0, signal);
}

const EXIT_POLL_MS = 100;

/**
 * A signal of the pod's own choice, then its grace. Runtimes only know that of the image (CRI has the field since
 * 1.33, containerd since 2.1).
 */
async function signalAndWait(
  context: KubeletContext,
  container: RuntimeContainer,
  stopSignal: string,
  graceSeconds: number,
  signal: AbortSignal,
): Promise<void> {
  const { runtime, clock } = context;
  const untilMs = clock.monotonicMs() + graceSeconds * 1000;
  await runtime.signalContainer(container.id, stopSignal);
  while (clock.monotonicMs() < untilMs && !signal.aborted) {
    const { containers } = await runtime.observePod(container.labels[POD_UID_LABEL] ?? "");
    if (!containers.some(({ id, state }) => id === container.id && state === "running")) return;
    await clock.sleep(EXIT_POLL_MS, signal).catch(() => undefined);
  }
}

async function runPreStop(context: KubeletContext, request: KillRequest, signal: AbortSignal): Promise<void> {
  const { pod, container, declared, graceSeconds, host } = request;
  const handler = declared?.spec.lifecycle?.preStop;
  if (handler === undefined || declared === undefined) return;
  const target = { containerId: container.id, container: declared.spec, host };
  try {
    await within(context, graceSeconds * 1000, signal, (ended) =>
      runHook(context.runtime, context.clock, handler, target, ended),
    );
  } catch (error) {
    // What the hook said may be a secret: events do not repeat it.
    context.logger.warn({ err: messageOf(error), container: declared.spec.name }, "a preStop hook failed");
    context.events(pod, "Warning", "FailedPreStopHook", "PreStopHook failed", fieldPathOf(declared));
  }
}

/** Waits for `action`, but not longer than `limitMs` and not beyond `signal`. */
async function within(
  context: KubeletContext,
  limitMs: number,
  signal: AbortSignal,
  action: (ended: AbortSignal) => Promise<unknown> | undefined,
): Promise<void> {
  const limit = new AbortController();
  const timer = context.clock.after(Math.max(0, limitMs), () => limit.abort());
  const ended = AbortSignal.any([signal, limit.signal]);
  const givenUp = new Promise<void>((resolve) => {
    if (ended.aborted) resolve();
    ended.addEventListener("abort", () => resolve(), { once: true });
  });
  try {
    await Promise.race([action(ended), givenUp]);
  } finally {
    timer.cancel();
    limit.abort();
  }
}
