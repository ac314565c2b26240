/**
 * Says of every volume that it is attached (upstream: external-attacher's trivial handler): a folder need not be. The
 * CSIDriver object tells the cluster not to ask; this is for one that was changed to ask all the same.
 */
import { volumeAttachments } from "../../shared/resources/catalog.ts";
import { keepDoing, type SidecarContext } from "./sidecar.ts";

export async function runAttacher(context: SidecarContext): Promise<void> {
  const { attachments, client, driverName, nodeName, signal } = context;
  await keepDoing(
    context,
    "attaching",
    attachments,
    ({ spec, status }) => spec.attacher === driverName && spec.nodeName === nodeName && status?.attached !== true,
    async ({ metadata }) => {
      const patch = { metadata: { uid: metadata.uid }, status: { attached: true } };
      await client.patch(volumeAttachments, metadata, "merge", patch, { subresource: "status", signal });
    },
  );
}
