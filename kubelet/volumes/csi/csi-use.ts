/** One use of a CSI volume by one pod, as it is set up. */
import type { CSIDriver } from "../../../shared/api/generated/storage/v1.ts";
import type { VolumeRequest } from "../volume-plugin.ts";
import type { CsiDriver } from "./csi-node.ts";
import type { CsiSource } from "./csi-source.ts";

export interface CsiUse {
  readonly request: VolumeRequest;
  readonly source: CsiSource;
  readonly driver: CsiDriver;
  readonly object: CSIDriver | undefined;
  readonly capabilities: ReadonlySet<string>;
  readonly publishContext: Readonly<Record<string, string>>;
}
