/**
 * Says why a pod has no volumes yet, in upstream's words: each failure when it happens, and what is waited for when it
 * lasts. Upstream: `operation_generator.go`, `volume_manager.go` WaitForAttachAndMount.
 */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { Clock } from "../../shared/process/clock.ts";
import { messageOf } from "../runtime/runtime-error.ts";
import { VolumePendingError, VolumeSpecError, VolumeStepError } from "./volume-error.ts";
import type { MountedVolume } from "./volume-plugin.ts";
import type { VolumeSpec } from "./volume-spec.ts";

/** So long the whole of a pod's volumes may take before it is said (upstream: podAttachAndMountTimeout). */
const PATIENCE_MS = 123_000;

/** Takes an event about a pod. */
export type TellPod = (pod: Pod, type: "Warning", reason: string, message: string) => void;

/** What became of one volume of a pod. */
export interface VolumeOutcome {
  /** In the pod. */
  readonly name: string;
  readonly spec?: VolumeSpec | undefined;
  readonly mounted?: MountedVolume | undefined;
  readonly error?: unknown;
}

interface Wait {
  readonly sinceMs: number;
  /** What was said of the claims, and when. */
  readonly said: string;
  readonly saidAtMs: number;
}

export class VolumeEvents {
  readonly #events: TellPod;
  readonly #clock: Clock;
  readonly #waits = new Map<string, Wait>();

  constructor(events: TellPod, clock: Clock) {
    this.#events = events;
    this.#clock = clock;
  }

  /** True when nothing failed and something is still waited for. */
  tell(pod: Pod, outcomes: readonly VolumeOutcome[]): boolean {
    const failed = outcomes.filter(({ error }) => error !== undefined);
    const waiting = failed.filter(({ error }) => isWaiting(error));
    for (const outcome of failed) if (!isWaiting(outcome.error)) this.#tellFailure(pod, outcome);
    if (failed.length === 0) this.#waits.delete(pod.metadata.uid ?? "");
    else this.#tellWait(pod, failed);
    return failed.length > 0 && waiting.length === failed.length;
  }

  forget(podUid: string): void {
    this.#waits.delete(podUid);
  }

  #tellFailure(pod: Pod, { name, spec, error }: VolumeOutcome): void {
    const isDevice = spec?.mode === "Block";
    const usual = isDevice ? "MapVolume.SetUpDevice" : "MountVolume.SetUp";
    const step = error instanceof VolumeStepError ? error.step : usual;
    const message = `${step} failed for volume "${spec?.name ?? name}" : ${messageOf(error)}`;
    this.#events(pod, "Warning", isDevice ? "FailedMapVolume" : "FailedMount", message);
  }

  #tellWait(pod: Pod, failed: readonly VolumeOutcome[]): void {
    const uid = pod.metadata.uid ?? "";
    const nowMs = this.#clock.nowMs();
    const wait = this.#waits.get(uid) ?? { sinceMs: nowMs, said: "", saidAtMs: nowMs };
    const unusable = failed.filter(({ error }) => error instanceof VolumeSpecError);
    const why = unusable.map(({ error }) => messageOf(error)).join("; ");
    const isDue = why !== "" && (why !== wait.said || nowMs - wait.saidAtMs >= PATIENCE_MS);
    const isLate = why === "" && nowMs - Math.max(wait.sinceMs, wait.saidAtMs) >= PATIENCE_MS;
    if (!isDue && !isLate) {
      this.#waits.set(uid, wait);
      return;
    }
    const unattached = failed.filter(({ error }) => error instanceof VolumePendingError);
    const lists = `unmounted volumes=${list(failed)}, unattached volumes=${list(unattached)}, failed to process volumes=${list(unusable)}`;
    const cause = why === "" ? "context deadline exceeded" : why;
    this.#events(pod, "Warning", "FailedMount", `Unable to attach or mount volumes: ${lists}: ${cause}`);
    this.#waits.set(uid, { ...wait, said: why, saidAtMs: nowMs });
  }
}

function isWaiting(error: unknown): boolean {
  return error instanceof VolumePendingError || error instanceof VolumeSpecError;
}

function list(outcomes: readonly VolumeOutcome[]): string {
  return `[${outcomes
    .map(({ name }) => name)
    .toSorted()
    .join(" ")}]`;
}
