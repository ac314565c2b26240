/** What a claim is filled from: an old field and its successor, kept the same (`pkg/api/persistentvolumeclaim/util.go`). */
import type {
  PersistentVolumeClaimSpec,
  TypedLocalObjectReference,
  TypedObjectReference,
} from "../../../shared/api/generated/core/v1.ts";

const SNAPSHOTS = "snapshot.storage.k8s.io";

function isFillable({ apiGroup = "", kind }: TypedLocalObjectReference): boolean {
  return kind === "PersistentVolumeClaim" ? apiGroup === "" : kind === "VolumeSnapshot" && apiGroup === SNAPSHOTS;
}

/**
 * Drops what this version does not know, and gives each field what the other says. Sources in other namespaces are
 * off by default; the old field names claims and snapshots only.
 */
export function normalizeClaimSources(next: PersistentVolumeClaimSpec, previous?: PersistentVolumeClaimSpec): void {
  const isElsewhere = (ref: TypedObjectReference | undefined): boolean => (ref?.namespace ?? "") !== "";
  if (isElsewhere(next.dataSourceRef) && !isElsewhere(previous?.dataSourceRef)) delete next.dataSourceRef;
  const isInUse = previous?.dataSource !== undefined;
  if (next.dataSource !== undefined && !isInUse && !isFillable(next.dataSource)) delete next.dataSource;
  const { dataSource, dataSourceRef } = next;
  if (dataSource !== undefined && dataSourceRef === undefined) next.dataSourceRef = { ...dataSource };
  else if (dataSource === undefined && dataSourceRef !== undefined && !isElsewhere(dataSourceRef)) {
    const { namespace: _, ...local } = dataSourceRef;
    next.dataSource = local;
  }
}
