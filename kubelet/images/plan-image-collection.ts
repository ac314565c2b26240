/** Which images go when their disk fills up: pure. Upstream: `pkg/kubelet/images/image_gc_manager.go`. */

export interface KnownImage {
  readonly id: string;
  readonly sizeBytes: number;
  readonly isPinned: boolean;
  readonly isInUse: boolean;
  /** When the kubelet saw it first. */
  readonly detectedMs: number;
  /** When a container used it last; 0 for never. */
  readonly usedMs: number;
}

export interface CollectionRules {
  readonly highPercent: number;
  readonly lowPercent: number;
  /** Younger ones stay, or a pull could lose its image before the container is made. */
  readonly minAgeMs: number;
  /** Older unused ones go even when there is room; 0 for never. */
  readonly maxAgeMs: number;
}

/** What has to be freed so that use comes down to the low mark; 0 while it is below the high one. */
export function bytesToFree(
  disk: { readonly capacityBytes: number; readonly availableBytes: number },
  { highPercent, lowPercent }: Pick<CollectionRules, "highPercent" | "lowPercent">,
): number {
  const { capacityBytes, availableBytes } = disk;
  if (capacityBytes <= 0) return 0;
  const usedPercent = 100 - Math.floor((availableBytes * 100) / capacityBytes);
  if (usedPercent < highPercent) return 0;
  return Math.max(0, Math.floor((capacityBytes * (100 - lowPercent)) / 100) - availableBytes);
}

/** The least recently used first, as many as are needed for `bytes`. */
export function imagesToRemove(
  images: readonly KnownImage[],
  bytes: number,
  minAgeMs: number,
  nowMs: number,
): KnownImage[] {
  const unused = images
    .filter(({ isPinned, isInUse, detectedMs }) => !isPinned && !isInUse && nowMs - detectedMs >= minAgeMs)
    .toSorted((a, b) => a.usedMs - b.usedMs || a.detectedMs - b.detectedMs);
  const chosen: KnownImage[] = [];
  let freed = 0;
  for (const image of unused) {
    if (freed >= bytes) break;
    chosen.push(image);
    freed += image.sizeBytes;
  }
  return chosen;
}

/** Unused for longer than the rules allow. */
export function imagesTooOld(images: readonly KnownImage[], maxAgeMs: number, nowMs: number): KnownImage[] {
  if (maxAgeMs === 0) return [];
  return images.filter(
    ({ isPinned, isInUse, usedMs, detectedMs }) =>
      !isPinned && !isInUse && nowMs - Math.max(usedMs, detectedMs) > maxAgeMs,
  );
}
