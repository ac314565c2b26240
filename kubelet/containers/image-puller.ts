/**
 * Makes sure that a container's image is there, by its pull policy, with a back-off for images that cannot be had.
 * Upstream: `pkg/kubelet/images/image_manager.go`.
 */
import type { Container, EphemeralContainer, Pod } from "../../shared/api/generated/core/v1.ts";
import type { Clock } from "../../shared/process/clock.ts";
import { type BackOff, nextBackOff, remainingBackOff } from "../pods/back-off.ts";
import type { ContainerRuntime, RegistryCredentials, RuntimeImage } from "../runtime/runtime.ts";
import { isRuntimeCancelled, messageOf } from "../runtime/runtime-error.ts";
import { ContainerError } from "./container-error.ts";

export type TellPod = (type: "Normal" | "Warning", reason: string, message: string) => void;

export interface EnsuredImage {
  readonly ref: string;
  readonly image: RuntimeImage | undefined;
}

export interface ImagePullerOptions {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  credentials(pod: Pod, image: string): Promise<RegistryCredentials | undefined>;
}

/** Back-offs of images nobody asked for any more are dropped beyond this many. */
const BACK_OFFS_MAX = 1000;

export class ImagePuller {
  readonly #options: ImagePullerOptions;
  readonly #backOffs = new Map<string, BackOff & { readonly failure: string }>();

  constructor(options: ImagePullerOptions) {
    this.#options = options;
  }

  /** Rejects with `ContainerError`: ErrImagePull, ImagePullBackOff, ErrImageNeverPull, ImageInspectError. */
  async ensure(
    pod: Pod,
    container: Container | EphemeralContainer,
    tell: TellPod,
    signal: AbortSignal,
  ): Promise<EnsuredImage> {
    const name = container.image ?? "";
    const policy = container.imagePullPolicy ?? "IfNotPresent";
    const present = policy === "Always" ? undefined : await this.#inspect(name, tell);
    if (present !== undefined) {
      tell("Normal", "Pulled", `Container image "${name}" already present on machine and can be accessed by the pod`);
      return { ref: present.id, image: present };
    }
    if (policy === "Never") {
      const message = `Container image "${name}" is not present with pull policy of Never`;
      tell("Warning", "ErrImageNeverPull", message);
      throw new ContainerError("ErrImageNeverPull", message);
    }
    return this.#pull(pod, name, tell, signal);
  }

  /** Milliseconds until the next pull of this image for this pod may start. */
  remainingMs(pod: Pod, image: string): number {
    const backOff = this.#backOffs.get(`${pod.metadata.uid ?? ""}_${image}`);
    return backOff === undefined ? 0 : remainingBackOff(backOff, backOff.updatedAtMs, this.#options.clock.nowMs());
  }

  async #inspect(name: string, tell: TellPod): Promise<RuntimeImage | undefined> {
    try {
      return await this.#options.runtime.imageStatus(name);
    } catch (error) {
      const message = `Failed to inspect image "${name}": ${messageOf(error)}`;
      tell("Warning", "InspectFailed", message);
      throw new ContainerError("ImageInspectError", message, error);
    }
  }

  async #pull(pod: Pod, name: string, tell: TellPod, signal: AbortSignal): Promise<EnsuredImage> {
    const { clock, runtime } = this.#options;
    const key = `${pod.metadata.uid ?? ""}_${name}`;
    const known = this.#backOffs.get(key);
    if (known !== undefined && remainingBackOff(known, known.updatedAtMs, clock.nowMs()) > 0) {
      const message = `Back-off pulling image "${name}"`;
      tell("Normal", "BackOff", message);
      throw new ContainerError("ImagePullBackOff", `${message}: ${known.failure}`);
    }
    tell("Normal", "Pulling", `Pulling image "${name}"`);
    const startedAtMs = clock.monotonicMs();
    try {
      const ref = await runtime.pullImage(name, await this.#options.credentials(pod, name), signal);
      const image = await runtime.imageStatus(ref);
      const took = `${((clock.monotonicMs() - startedAtMs) / 1000).toFixed(3)}s`;
      const size = image?.sizeBytes ?? 0;
      tell(
        "Normal",
        "Pulled",
        `Successfully pulled image "${name}" in ${took} (${took} including waiting). Image size: ${size} bytes.`,
      );
      this.#backOffs.delete(key);
      return { ref, image };
    } catch (error) {
      if (isRuntimeCancelled(error)) throw error;
      const failure = messageOf(error);
      tell("Warning", "Failed", `Failed to pull image "${name}": ${failure}`);
      this.#remember(key, { ...nextBackOff(known, clock.nowMs(), clock.nowMs()), failure: `ErrImagePull: ${failure}` });
      throw new ContainerError("ErrImagePull", failure, error);
    }
  }

  #remember(key: string, backOff: BackOff & { readonly failure: string }): void {
    this.#backOffs.delete(key);
    this.#backOffs.set(key, backOff);
    const oldest = this.#backOffs.keys().next();
    if (this.#backOffs.size > BACK_OFFS_MAX && oldest.done !== true) this.#backOffs.delete(oldest.value);
  }
}
