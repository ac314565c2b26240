/** The node's part of a volume that has grown: its file system. Upstream: `pkg/volume/util/operationexecutor/node_expander.go`. */
import { value } from "../../../shared/machinery/quantity.ts";
import { messageOf } from "../../runtime/runtime-error.ts";
import { VolumeStepError } from "../volume-error.ts";
import type { VolumeHost } from "../volume-host.ts";
import { secretOf } from "./csi-context.ts";
import type { CsiUse } from "./csi-use.ts";
import { volumeCapability } from "./csi-source.ts";

/** Does nothing unless the volume is larger than its claim knows. */
export async function expandIfDue(
  host: VolumeHost,
  { request, source, driver, capabilities }: CsiUse,
  volumePath: string,
  stagingPath: string,
): Promise<void> {
  const { claim, persistentVolume, mode } = request.spec;
  const wanted = persistentVolume?.spec?.capacity?.["storage"];
  const known = claim?.status?.capacity?.["storage"];
  if (claim === undefined || wanted === undefined || known === undefined) return;
  if (value(wanted) <= value(known) || source.isReadOnly || !capabilities.has("EXPAND_VOLUME")) return;
  try {
    await driver.client.call("NodeExpandVolume", {
      volumeId: source.handle,
      volumePath,
      capacityRange: { requiredBytes: value(wanted), limitBytes: 0 },
      stagingTargetPath: stagingPath,
      volumeCapability: volumeCapability(source, mode, capabilities),
      secrets: await secretOf(host, "NodeExpandSecretRef", source.expandSecret),
    });
  } catch (error) {
    throw new VolumeStepError("MountVolume.NodeExpandVolume", messageOf(error), error);
  }
  await host.objects.finishExpansion(claim, wanted);
}
