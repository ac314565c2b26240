import type { Container, EphemeralContainer } from "../../shared/api/generated/core/v1.ts";

/** Under which a back-off is kept: another image starts from the beginning. */
export function backOffKey(container: Container | EphemeralContainer): string {
  return `${container.name} ${containerHash(container)}`;
}

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * Changes when a running container no longer is what its spec says: name and image are all that may change in place.
 * Kept in an annotation of the container, so it must not change between versions of the kubelet.
 */
export function containerHash(container: Container | EphemeralContainer): string {
  let hash = FNV_OFFSET;
  for (const byte of new TextEncoder().encode(JSON.stringify([container.name, container.image ?? ""]))) {
    hash = Math.imul(hash ^ byte, FNV_PRIME) >>> 0;
  }
  return hash.toString(16);
}
