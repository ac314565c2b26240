import { createHash } from "node:crypto";
import { type TarEntry, writeTar } from "./tar.ts";

/** What goes into an image of one layer. */
export interface ImageContents {
  /** The full name it gets on import, for example `kubernode.local/pause:1`. */
  readonly reference: string;
  readonly architecture: "amd64" | "arm64";
  readonly files: readonly TarEntry[];
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly env?: readonly string[];
  readonly workingDir?: string;
  readonly user?: string;
  readonly exposedPorts?: readonly string[];
}

interface Blob {
  readonly digest: string;
  readonly bytes: Buffer;
}

function blobOf(bytes: Buffer): Blob {
  return { digest: createHash("sha256").update(bytes).digest("hex"), bytes };
}

const jsonBlob = (value: unknown): Blob => blobOf(Buffer.from(JSON.stringify(value)));

function descriptor(mediaType: string, blob: Blob): Record<string, unknown> {
  return { mediaType, digest: `sha256:${blob.digest}`, size: blob.bytes.length };
}

function configOf(image: ImageContents, layer: Blob): unknown {
  return {
    architecture: image.architecture,
    os: "linux",
    config: {
      ...(image.entrypoint && { Entrypoint: image.entrypoint }),
      ...(image.command && { Cmd: image.command }),
      ...(image.workingDir !== undefined && { WorkingDir: image.workingDir }),
      ...(image.user !== undefined && { User: image.user }),
      ...(image.exposedPorts && { ExposedPorts: Object.fromEntries(image.exposedPorts.map((port) => [port, {}])) }),
      Env: image.env ?? ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    },
    rootfs: { type: "layers", diff_ids: [`sha256:${layer.digest}`] },
    history: [{ created_by: "kubernode" }],
  };
}

/** Manifest, configuration and layer of an image: what a registry serves. */
export function imageBlobs(image: ImageContents): { readonly manifest: Blob; readonly blobs: readonly Blob[] } {
  const layer = blobOf(writeTar(image.files));
  const config = jsonBlob(configOf(image, layer));
  const manifest = jsonBlob({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: descriptor("application/vnd.oci.image.config.v1+json", config),
    layers: [descriptor("application/vnd.oci.image.layer.v1.tar", layer)],
  });
  return { manifest, blobs: [manifest, config, layer] };
}

/** An OCI image layout with one image as a tar archive: the same contents give the same bytes. */
export function ociArchive(image: ImageContents): Buffer {
  const { manifest, blobs } = imageBlobs(image);
  const index = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [
      {
        ...descriptor("application/vnd.oci.image.manifest.v1+json", manifest),
        annotations: {
          "io.containerd.image.name": image.reference,
          "org.opencontainers.image.ref.name": image.reference.slice(image.reference.lastIndexOf(":") + 1),
        },
        platform: { architecture: image.architecture, os: "linux" },
      },
    ],
  };
  const file = (path: string, content: Buffer): TarEntry => ({ path, mode: 0o644, content });
  return writeTar([
    file("oci-layout", Buffer.from('{"imageLayoutVersion":"1.0.0"}')),
    file("index.json", Buffer.from(JSON.stringify(index))),
    { path: "blobs/", mode: 0o755 },
    { path: "blobs/sha256/", mode: 0o755 },
    ...blobs.map((blob) => file(`blobs/sha256/${blob.digest}`, blob.bytes)),
  ]);
}
