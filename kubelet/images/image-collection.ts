/**
 * Removes images that no container uses when their disk fills up. Upstream: `pkg/kubelet/images/image_gc_manager.go`.
 *
 * I1. An image of any container that is still there, dead or alive, and one that the runtime needs, is never removed.
 * I2. When images were seen and used is only remembered here: after a restart they count as just seen.
 */
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import type { DiskInfo } from "../node/machine.ts";
import type { ContainerRuntime, RuntimeImage } from "../runtime/runtime.ts";
import {
  bytesToFree,
  type CollectionRules,
  imagesToRemove,
  imagesTooOld,
  type KnownImage,
} from "./plan-image-collection.ts";

/** Upstream's ImageGCPeriod. */
const COLLECT_MS = 300_000;

export interface ImageCollectionOptions {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly rules: CollectionRules;
  disk(): Promise<DiskInfo | undefined>;
  tellNode(type: "Warning", reason: string, message: string): void;
}

interface Sighting {
  readonly detectedMs: number;
  readonly usedMs: number;
}

export class ImageCollection {
  readonly #options: ImageCollectionOptions;
  #sightings: ReadonlyMap<string, Sighting> = new Map();

  constructor(options: ImageCollectionOptions) {
    this.#options = options;
  }

  /** Runs until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    while (!signal.aborted) {
      try {
        await this.collect();
      } catch (err) {
        logger.warn({ err }, "could not collect unused images");
      }
      await clock.sleep(COLLECT_MS, signal);
    }
  }

  /** Frees by the watermarks. */
  async collect(): Promise<void> {
    const { clock, rules, disk, tellNode } = this.#options;
    const images = await this.#look();
    for (const image of imagesTooOld(images, rules.maxAgeMs, clock.nowMs())) await this.#remove(image);
    const info = await disk();
    const wanted = info === undefined ? 0 : bytesToFree(info, rules);
    if (wanted === 0) return;
    const freed = await this.#free(images, wanted, rules.minAgeMs);
    if (freed >= wanted) return;
    const text = `Failed to garbage collect required amount of images. Attempted to free ${wanted} bytes, but only found ${freed} bytes eligible to free.`;
    tellNode("Warning", "FreeDiskSpaceFailed", text);
  }

  /** Every image that nobody uses, the young ones too: the node is under pressure. */
  async removeAllUnused(): Promise<number> {
    return this.#free(await this.#look(), Number.POSITIVE_INFINITY, 0);
  }

  async #look(): Promise<KnownImage[]> {
    const { runtime, clock } = this.#options;
    const [images, pods] = await Promise.all([runtime.listImages(), runtime.listPods()]);
    const used = new Set<string>();
    for (const { containers } of pods.values()) {
      for (const { image, imageRef } of containers) used.add(image).add(imageRef);
    }
    const nowMs = clock.nowMs();
    const known = images.map((image): KnownImage => {
      const before = this.#sightings.get(image.id);
      const isInUse = namesOf(image).some((name) => used.has(name));
      return {
        id: image.id,
        sizeBytes: image.sizeBytes,
        isPinned: image.isPinned === true,
        isInUse,
        detectedMs: before?.detectedMs ?? nowMs,
        usedMs: isInUse ? nowMs : (before?.usedMs ?? 0),
      };
    });
    this.#sightings = new Map(known.map((image) => [image.id, image]));
    return known;
  }

  async #free(images: readonly KnownImage[], bytes: number, minAgeMs: number): Promise<number> {
    const chosen = imagesToRemove(images, bytes, minAgeMs, this.#options.clock.nowMs());
    let freed = 0;
    for (const image of chosen) if (await this.#remove(image)) freed += image.sizeBytes;
    return freed;
  }

  async #remove({ id, sizeBytes }: KnownImage): Promise<boolean> {
    const { runtime, logger } = this.#options;
    try {
      await runtime.removeImage(id);
      logger.info({ image: id, sizeBytes }, "removed an image that nobody uses");
      return true;
    } catch (err) {
      logger.warn({ err, image: id }, "could not remove an image");
      return false;
    }
  }
}

function namesOf({ id, tags, digests }: RuntimeImage): string[] {
  return [id, ...tags, ...digests];
}
