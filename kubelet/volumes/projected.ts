/** Several sources in one folder; later ones win. Upstream: `pkg/volume/projected`. */
import type { Pod, VolumeProjection } from "../../shared/api/generated/core/v1.ts";
import { messageOf } from "../runtime/runtime-error.ts";
import { configMapFiles } from "./config-map.ts";
import { downwardFiles } from "./downward-api.ts";
import { type Files, payloadPlugin, projectedFile } from "./payload.ts";
import { secretFiles } from "./secret.ts";
import type { PayloadHost, VolumeSources } from "./volume-host.ts";
import type { VolumePlugin } from "./volume-plugin.ts";

export function projectedPlugin({ sources, memory }: PayloadHost): VolumePlugin {
  return payloadPlugin({
    name: "projected",
    memory,
    supports: ({ volume }) => volume.projected !== undefined,
    files: (pod, { volume }) =>
      projectedFiles(pod, volume.projected?.sources ?? [], volume.projected?.defaultMode, sources),
  });
}

/** Rejects with all that is wrong at once. */
async function projectedFiles(
  pod: Pod,
  projections: readonly VolumeProjection[],
  mode: number | undefined,
  sources: VolumeSources,
): Promise<Files> {
  const results = await Promise.allSettled(projections.map((projection) => filesOf(pod, projection, mode, sources)));
  const errors = results.filter((result) => result.status === "rejected").map(({ reason }) => messageOf(reason));
  if (errors.length > 1) throw new Error(`[${[...new Set(errors)].join(", ")}]`);
  if (errors[0] !== undefined) throw new Error(errors[0]);
  return new Map(results.flatMap((result) => (result.status === "fulfilled" ? [...result.value] : [])));
}

async function filesOf(
  pod: Pod,
  projection: VolumeProjection,
  mode: number | undefined,
  sources: VolumeSources,
): Promise<Files> {
  const namespace = pod.metadata.namespace ?? "";
  if (projection.configMap !== undefined) return configMapFiles(namespace, projection.configMap, mode, sources);
  if (projection.secret !== undefined) return secretFiles(namespace, projection.secret, mode, sources);
  if (projection.downwardAPI !== undefined)
    return downwardFiles(pod, projection.downwardAPI.items ?? [], mode, sources);
  if (projection.serviceAccountToken !== undefined) {
    const { token } = await sources.token(pod, projection.serviceAccountToken);
    return privateFile(pod, projection.serviceAccountToken.path, token, mode);
  }
  if (projection.clusterTrustBundle !== undefined)
    throw new Error("ClusterTrustBundle projection is not supported in static kubelet mode");
  if (projection.podCertificate !== undefined)
    throw new Error("pod certificate projection is not supported in static kubelet mode");
  return new Map();
}

/** Only who runs in the pod may read it, as far as one user or group can say that. */
function privateFile(pod: Pod, path: string, text: string, mode: number | undefined): Files {
  const uid = onlyUser(pod);
  const isPrivate = uid !== undefined || pod.spec.securityContext?.fsGroup !== undefined;
  const file = projectedFile(Buffer.from(text), { item: isPrivate ? 0o600 : undefined, volume: mode });
  return new Map([[path, uid === undefined ? file : { ...file, uid }]]);
}

/** The user as whom all containers run; undefined when one does not say, or when they differ. */
function onlyUser({ spec }: Pod): number | undefined {
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const users = new Set(
    containers.map(({ securityContext }) => securityContext?.runAsUser ?? spec.securityContext?.runAsUser),
  );
  const [user] = users;
  return users.size === 1 ? user : undefined;
}
