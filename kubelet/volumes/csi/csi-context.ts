/** What a driver is told beside the volume itself: secrets, who the pod is, tokens, what the attacher found out. */
import type { Pod, SecretReference } from "../../../shared/api/generated/core/v1.ts";
import type { CSIDriver, VolumeAttachment } from "../../../shared/api/generated/storage/v1.ts";
import { messageOf } from "../../runtime/runtime-error.ts";
import { VolumePendingError, VolumeStepError } from "../volume-error.ts";
import type { VolumeHost } from "../volume-host.ts";
import { attachmentName, type CsiSource, uniqueVolumeName } from "./csi-source.ts";

const DEFAULT_MODES = ["Persistent"];
const POD_INFO = "csi.storage.k8s.io";

/** Throws unless the driver takes volumes of this kind. */
export function checkLifecycle(source: CsiSource, driver: CSIDriver | undefined): void {
  const modes = driver?.spec.volumeLifecycleModes ?? DEFAULT_MODES;
  if (driver === undefined && source.lifecycle === "Persistent") return;
  if (modes.includes(source.lifecycle) && driver !== undefined) return;
  const why =
    driver === undefined ? "no CSIDriver object" : `only supports ${JSON.stringify(modes).replaceAll(",", " ")}`;
  throw new VolumeStepError(
    "MountVolume.NewMounter initialization",
    `volume mode "${source.lifecycle}" not supported by driver ${source.driver} (${why})`,
  );
}

export function isAttachable(source: CsiSource, driver: CSIDriver | undefined): boolean {
  return source.lifecycle === "Persistent" && driver?.spec.attachRequired !== false;
}

/** Rejects as long as the volume is not attached to this node; resolves to what the attacher left for the driver. */
export async function attachedContext(
  { objects, csi }: Pick<VolumeHost, "objects" | "csi">,
  source: CsiSource,
): Promise<Record<string, string>> {
  const node = await objects.node();
  const name = uniqueVolumeName(source);
  if (node.status?.volumesAttached?.some((attached) => attached.name === name) !== true)
    throw new VolumePendingError("Volume not attached according to node status");
  const id = attachmentName(source, csi.nodeName);
  const attachment = await objects.attachment(id).catch((error: unknown) => {
    throw waitFailure(`volume ${source.handle} has GET error for volume attachment ${id}: ${messageOf(error)}`);
  });
  return attachmentMetadata(attachment);
}

const waitFailure = (message: string): VolumeStepError => new VolumeStepError("MountVolume.WaitForAttach", message);

function attachmentMetadata({ metadata, status }: VolumeAttachment): Record<string, string> {
  if (metadata.deletionTimestamp !== undefined) throw waitFailure("volume attachment is being deleted");
  if (status?.attached === true) return status.attachmentMetadata ?? {};
  if (status?.attachError !== undefined) throw waitFailure(status.attachError.message ?? "");
  throw new VolumePendingError("Volume is not attached yet");
}

export async function secretOf(
  { sources }: Pick<VolumeHost, "sources">,
  field: string,
  reference: SecretReference | undefined,
): Promise<Record<string, string>> {
  if (reference === undefined) return {};
  const { namespace = "", name = "" } = reference;
  const secret = await sources.secret(namespace, name);
  if (secret === undefined) {
    const why = `failed to find the secret ${name} in the namespace ${namespace} with error: secrets "${name}" not found`;
    throw new Error(`fetching ${field} ${namespace}/${name} failed: ${why}`);
  }
  const data = Object.entries(secret.data ?? {});
  return Object.fromEntries(data.map(([key, text]) => [key, Buffer.from(text, "base64").toString("utf8")]));
}

/** What the driver asked for in its CSIDriver object. */
export async function podContext(
  { sources }: Pick<VolumeHost, "sources">,
  pod: Pod,
  source: CsiSource,
  driver: CSIDriver | undefined,
): Promise<{ readonly attributes: Record<string, string>; readonly secrets: Record<string, string> }> {
  const attributes = driver?.spec.podInfoOnMount === true ? podInfo(pod, source) : {};
  const requests = driver?.spec.tokenRequests ?? [];
  if (requests.length === 0) return { attributes, secrets: {} };
  const tokens: Record<string, unknown> = {};
  for (const { audience, expirationSeconds } of requests) {
    const { token, expirationTimestamp } = await sources.token(pod, { audience, expirationSeconds });
    tokens[audience] = { token, expirationTimestamp };
  }
  const entry = { [`${POD_INFO}/serviceAccount.tokens`]: JSON.stringify(tokens) };
  const isSecret = driver?.spec.serviceAccountTokenInSecrets === true;
  return isSecret ? { attributes, secrets: entry } : { attributes: { ...attributes, ...entry }, secrets: {} };
}

function podInfo({ metadata, spec }: Pod, source: CsiSource): Record<string, string> {
  return {
    [`${POD_INFO}/pod.name`]: metadata.name,
    [`${POD_INFO}/pod.namespace`]: metadata.namespace ?? "",
    [`${POD_INFO}/pod.uid`]: metadata.uid ?? "",
    [`${POD_INFO}/serviceAccount.name`]: spec.serviceAccountName ?? "",
    [`${POD_INFO}/ephemeral`]: String(source.lifecycle === "Ephemeral"),
  };
}
