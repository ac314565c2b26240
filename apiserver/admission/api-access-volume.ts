/** The volume through which a pod reaches the API (upstream: `plugin/pkg/admission/serviceaccount/admission.go`). */
import type { Container, PodSpec, Volume } from "../../shared/api/generated/core/v1.ts";

const MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
const VOLUME_PREFIX = "kube-api-access-";
/** A little over an hour: tells automounted tokens from those that somebody asked for. */
const TOKEN_EXPIRATION_SECONDS = 60 * 60 + 7;
const FILE_MODE = 0o644;

function apiAccessVolume(name: string): Volume {
  return {
    name,
    projected: {
      defaultMode: FILE_MODE,
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_EXPIRATION_SECONDS, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        {
          downwardAPI: {
            items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }],
          },
        },
      ],
    },
  };
}

function mountInto(container: Container, volumeName: string): boolean {
  const mounts = container.volumeMounts ?? [];
  if (mounts.some((mount) => mount.mountPath === MOUNT_PATH)) return false;
  container.volumeMounts = [...mounts, { name: volumeName, readOnly: true, mountPath: MOUNT_PATH }];
  return true;
}

/** Gives every container that has nothing there yet a mount, and the pod the volume, in place. */
export function mountApiAccess(spec: PodSpec, suffix: string): void {
  const existing = spec.volumes?.find((volume) => volume.name.startsWith(VOLUME_PREFIX));
  const name = existing?.name ?? `${VOLUME_PREFIX}${suffix}`;
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const isNeeded = containers.map((container) => mountInto(container, name)).includes(true);
  if (isNeeded && existing === undefined) spec.volumes = [...(spec.volumes ?? []), apiAccessVolume(name)];
}
