/**
 * Puts wanted endpoints into the slices that exist with as few writes as possible (upstream: `reconciler.go`).
 *
 * Invariants:
 * E1 Each wanted endpoint is in exactly one slice, and no slice holds more than `SLICE_ENDPOINTS_MAX`.
 * E2 An endpoint stays in the slice where it is; new ones first fill slices that change anyway, then those with room.
 * E3 A slice that comes out empty is deleted.
 */
import type { Endpoint, EndpointSlice } from "../../../shared/api/generated/discovery/v1.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";

export const SLICE_ENDPOINTS_MAX = 100;

export interface Packing {
  /** One array of endpoints per new slice. */
  readonly toCreate: readonly Endpoint[][];
  readonly toUpdate: readonly { readonly slice: EndpointSlice; readonly endpoints: Endpoint[] }[];
  readonly toDelete: readonly EndpointSlice[];
  readonly unchanged: readonly EndpointSlice[];
}

/** What makes two endpoints the same one: conditions may change, identity does not. */
const identityOf = ({ addresses, targetRef }: Endpoint): string =>
  `${targetRef?.uid ?? ""}\u0000${addresses.join(",")}`;

export function pack(existing: readonly EndpointSlice[], wanted: readonly Endpoint[]): Packing {
  const missing = new Map(wanted.map((endpoint) => [identityOf(endpoint), endpoint]));
  const kept = existing.map((slice) => {
    const before = slice.endpoints ?? [];
    const endpoints = before.flatMap((endpoint) => {
      const found = missing.get(identityOf(endpoint));
      missing.delete(identityOf(endpoint));
      return found === undefined ? [] : [found];
    });
    return { slice, endpoints, isChanged: !deepEqual(before, endpoints) };
  });

  const rest = [...missing.values()];
  const byRoom = kept.toSorted(
    (a, b) => Number(b.isChanged) - Number(a.isChanged) || b.endpoints.length - a.endpoints.length,
  );
  for (const each of byRoom) {
    // An untouched slice is opened only when all that is left fits: otherwise a new slice costs the same.
    const room = SLICE_ENDPOINTS_MAX - each.endpoints.length;
    if (rest.length === 0) break;
    if (room <= 0 || (!each.isChanged && rest.length > room)) continue;
    each.endpoints.push(...rest.splice(0, room));
    each.isChanged = true;
  }

  const toCreate: Endpoint[][] = [];
  while (rest.length > 0) toCreate.push(rest.splice(0, SLICE_ENDPOINTS_MAX));
  const isEmptied = ({ endpoints }: { endpoints: readonly Endpoint[] }): boolean => endpoints.length === 0;
  return {
    toCreate,
    toUpdate: kept.filter((each) => each.isChanged && !isEmptied(each)),
    toDelete: kept.filter(isEmptied).map(({ slice }) => slice),
    unchanged: kept.filter((each) => !each.isChanged && !isEmptied(each)).map(({ slice }) => slice),
  };
}
