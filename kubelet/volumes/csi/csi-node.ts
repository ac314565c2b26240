/** What plugins of volumes see of CSI on this node. */
import type { CsiClient } from "../../../shared/csi/csi-client.ts";
import type { VolumesInUse } from "../volumes-in-use.ts";

export interface CsiDriver {
  readonly client: CsiClient;
  /** What the node's side of the driver can do, for example `STAGE_UNSTAGE_VOLUME`. Asked once per registration. */
  capabilities(): Promise<ReadonlySet<string>>;
}

export interface CsiNode {
  readonly nodeName: string;
  readonly inUse: VolumesInUse;
  /** A driver came: what only it can undo may be undone now. */
  onDriver: () => void;
  /** Throws when no such driver has registered. */
  driver(name: string): CsiDriver;
}
