/**
 * Makes sure that an image is there, by its pull policy, with a back-off for images that cannot be had.
 * Upstream: `pkg/kubelet/images/image_manager.go`.
 */
import type { Pod, Secret } from "../../shared/api/generated/core/v1.ts";
import type { Clock } from "../../shared/process/clock.ts";
import { ContainerError } from "../containers/container-error.ts";
import { type BackOff, nextBackOff, remainingBackOff } from "../pods/back-off.ts";
import type { ContainerRuntime, RuntimeImage } from "../runtime/runtime.ts";
import { isRuntimeCancelled, messageOf } from "../runtime/runtime-error.ts";
import { type ImageName, parseImageName } from "./image-name.ts";
import { lookupCredentials, type PullCredential } from "./keyring.ts";
import { attemptPull, pullFailure } from "./pull-attempt.ts";
import { type PullLimits, PullQueue } from "./pull-queue.ts";
import type { PulledImages } from "./pulled-images.ts";

export type TellPod = (type: "Normal" | "Warning", reason: string, message: string) => void;

export interface EnsuredImage {
  readonly ref: string;
  readonly image: RuntimeImage | undefined;
}

export interface ImagePullerOptions {
  readonly runtime: Pick<ContainerRuntime, "imageStatus" | "pullImage" | "listImages">;
  readonly clock: Clock;
  readonly limits: PullLimits;
  readonly pulled: PulledImages;
  /** The pod's pull secrets, as far as they exist. */
  secrets(pod: Pod): Promise<readonly Secret[]>;
}

/** What a container, or a volume of type image, says of its image. */
export interface WantedImage {
  readonly image?: string | undefined;
  readonly imagePullPolicy?: string | undefined;
}

/** Back-offs of images nobody asked for any more are dropped beyond this many. */
const BACK_OFFS_MAX = 1000;

type FailedPull = BackOff & { readonly failure: string };

export class ImagePuller {
  readonly #options: ImagePullerOptions;
  readonly #queue: PullQueue;
  readonly #backOffs = new Map<string, FailedPull>();
  #pruning: Promise<void> | undefined;

  constructor(options: ImagePullerOptions) {
    this.#options = options;
    this.#queue = new PullQueue(options.limits, options.clock);
  }

  /**
   * Rejects with `ContainerError`: InvalidImageName, ErrImageNeverPull, ImageInspectError, ErrImagePull,
   * ImagePullBackOff, RegistryUnavailable, SignatureValidationFailed.
   */
  async ensure(pod: Pod, wanted: WantedImage, tell: TellPod, signal: AbortSignal): Promise<EnsuredImage> {
    const text = wanted.image ?? "";
    const name = this.#parse(text, tell);
    const policy = wanted.imagePullPolicy ?? "IfNotPresent";
    const present = policy === "Always" ? undefined : await this.#inspect(name, text, tell);
    const credentials = once(async () => lookupCredentials(await this.#options.secrets(pod), name.repository));
    if (present !== undefined && (await this.#mayUse(present, name, credentials))) {
      tell("Normal", "Pulled", `Container image "${text}" already present on machine and can be accessed by the pod`);
      return { ref: present.id, image: present };
    }
    if (policy === "Never") {
      // Said of an image that the pod may not use as well: whether it is there is not the pod's business.
      const message = `Container image "${text}" is not present with pull policy of Never`;
      tell("Warning", "ErrImageNeverPull", message);
      throw new ContainerError("ErrImageNeverPull", message);
    }
    return this.#pull(pod, text, name, credentials, tell, signal);
  }

  /** Milliseconds until the next pull of this image for this pod may start. */
  remainingMs(pod: Pod, image: string): number {
    const backOff = this.#backOffs.get(keyOf(pod, image));
    return backOff === undefined ? 0 : remainingBackOff(backOff, backOff.updatedAtMs, this.#options.clock.nowMs());
  }

  #parse(text: string, tell: TellPod): ImageName {
    try {
      return parseImageName(text);
    } catch (error) {
      const message = `Failed to apply default image tag ${JSON.stringify(text)}: ${messageOf(error)}`;
      tell("Warning", "InspectFailed", message);
      throw new ContainerError("InvalidImageName", message, error);
    }
  }

  async #inspect({ tagged }: ImageName, text: string, tell: TellPod): Promise<RuntimeImage | undefined> {
    try {
      return await this.#options.runtime.imageStatus(tagged);
    } catch (error) {
      const message = `Failed to inspect image "${text}": ${messageOf(error)}`;
      tell("Warning", "InspectFailed", message);
      throw new ContainerError("ImageInspectError", message, error);
    }
  }

  async #mayUse(image: RuntimeImage, name: ImageName, credentials: () => Promise<PullCredential[]>): Promise<boolean> {
    this.#pruning ??= this.#prune();
    await this.#pruning;
    return this.#options.pulled.mayUse(image.id, name, credentials);
  }

  /** Records of images that went away while nobody looked. */
  async #prune(): Promise<void> {
    const { runtime, pulled } = this.#options;
    try {
      await pulled.prune((await runtime.listImages()).map(({ id }) => id));
    } catch {
      // Old records do no harm.
    }
  }

  async #pull(
    pod: Pod,
    text: string,
    name: ImageName,
    credentials: () => Promise<PullCredential[]>,
    tell: TellPod,
    signal: AbortSignal,
  ): Promise<EnsuredImage> {
    const { clock, pulled } = this.#options;
    const key = keyOf(pod, text);
    const known = this.#backOffs.get(key);
    if (known !== undefined && remainingBackOff(known, known.updatedAtMs, clock.nowMs()) > 0) {
      const message = `Back-off pulling image "${text}"`;
      tell("Normal", "BackOff", message);
      throw new ContainerError("ImagePullBackOff", `${message}: ${known.failure}`);
    }
    const tried = await credentials();
    tell("Normal", "Pulling", `Pulling image "${text}"`);
    const askedAtMs = clock.monotonicMs();
    let startedAtMs = askedAtMs;
    try {
      const { ref, image } = await this.#queue.run(() => {
        startedAtMs = clock.monotonicMs();
        return pulled.during(name.tagged, () => this.#bring(name, tried, signal));
      }, signal);
      const doneAtMs = clock.monotonicMs();
      const took = pullDuration(doneAtMs - startedAtMs);
      const waited = pullDuration(doneAtMs - askedAtMs);
      const size = image?.sizeBytes ?? 0;
      const message = `Successfully pulled image "${text}" in ${took} (${waited} including waiting). Image size: ${size} bytes.`;
      tell("Normal", "Pulled", message);
      this.#backOffs.delete(key);
      return { ref, image };
    } catch (error) {
      if (isRuntimeCancelled(error)) throw error;
      tell("Warning", "Failed", `Failed to pull image "${text}": ${messageOf(error)}`);
      const failure = pullFailure(text, error);
      const nowMs = clock.nowMs();
      this.#remember(key, { ...nextBackOff(known, nowMs, nowMs), failure: `${failure.reason}: ${failure.message}` });
      throw failure;
    }
  }

  async #bring(name: ImageName, credentials: readonly PullCredential[], signal: AbortSignal): Promise<EnsuredImage> {
    const { runtime, pulled } = this.#options;
    const { ref, credential } = await attemptPull(runtime, name.tagged, credentials, signal);
    const image = await runtime.imageStatus(ref);
    await pulled.remember(image?.id ?? ref, name.repository, repositoriesOf(image), credential);
    return { ref, image };
  }

  #remember(key: string, backOff: FailedPull): void {
    this.#backOffs.delete(key);
    this.#backOffs.set(key, backOff);
    const oldest = this.#backOffs.keys().next();
    if (this.#backOffs.size > BACK_OFFS_MAX && oldest.done !== true) this.#backOffs.delete(oldest.value);
  }
}

function repositoriesOf(image: RuntimeImage | undefined): string[] {
  return [...(image?.tags ?? []), ...(image?.digests ?? [])].map((name) => parseImageName(name).repository);
}

function keyOf(pod: Pod, image: string): string {
  return `${pod.metadata.uid ?? ""}_${image}`;
}

/** A duration cut to milliseconds as Go prints it: `250ms`, `1.5s`, `2m0.004s`. */
export function pullDuration(ms: number): string {
  const whole = Math.max(0, Math.floor(ms));
  if (whole === 0) return "0s";
  if (whole < 1000) return `${whole}ms`;
  const hours = Math.floor(whole / 3_600_000);
  const minutes = Math.floor(whole / 60_000) % 60;
  const seconds = `${(whole % 60_000) / 1000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let value: Promise<T> | undefined;
  return () => (value ??= read());
}
