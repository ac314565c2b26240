/** Objects cut down to their metadata (`PartialObjectMetadata` of meta.k8s.io): what metadata informers ask for. */
import { stringifyJson } from "../../../shared/machinery/lossless-json.ts";
import type { CachedRow } from "../../watch-cache/cached-row.ts";

const made = new Map<string, WeakMap<CachedRow, Buffer>>();

/** JSON bytes, made at the first call for a row. */
export function partialBytes(row: CachedRow, apiVersion: string): Buffer {
  let known = made.get(apiVersion);
  if (known === undefined) made.set(apiVersion, (known = new WeakMap()));
  let bytes = known.get(row);
  if (bytes === undefined) {
    const { metadata } = row.decode();
    bytes = Buffer.from(stringifyJson({ kind: "PartialObjectMetadata", apiVersion, metadata }));
    known.set(row, bytes);
  }
  return bytes;
}
