/** The CSI identity service: who the driver is and what it can do. */
import type { CsiHandlers } from "../../shared/csi/csi-server.ts";
import { GIT_VERSION } from "../../shared/process/version.ts";

export const identityService = (driverName: string): CsiHandlers => ({
  GetPluginInfo: () => ({ name: driverName, vendorVersion: GIT_VERSION }),
  GetPluginCapabilities: () => ({
    capabilities: [
      { service: { type: "CONTROLLER_SERVICE" } },
      { service: { type: "VOLUME_ACCESSIBILITY_CONSTRAINTS" } },
      { volumeExpansion: { type: "ONLINE" } },
    ],
  }),
  Probe: () => ({ ready: { value: true } }),
});
