/**
 * Containers log through the Engine's json-file driver, which rotates by itself: the Engine cannot open a file again,
 * so the kubelet's own rotation must never find a file that is too long. Pure.
 */

/** A line is at most 16 KiB, which JSON may make six times as long: the margin below the kubelet's own limit. */
const MARGIN_BYTES = 128 * 1024;
const SIZE_BYTES_MIN = 64 * 1024;

export const NO_LOG = { Type: "none", Config: {} } as const;

export interface LogLimits {
  readonly bytesMax: number;
  readonly filesMax: number;
}

export function jsonFileLog({ bytesMax, filesMax }: LogLimits): object {
  const size = Math.max(SIZE_BYTES_MIN, bytesMax - MARGIN_BYTES);
  return { Type: "json-file", Config: { "max-size": String(size), "max-file": String(filesMax) } };
}
