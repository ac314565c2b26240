import type { Architecture } from "./pause-program.ts";
import { pauseProgram } from "./pause-program.ts";
import { ociArchive } from "./oci-archive.ts";

/** The image of every pod's sandbox. */
export const PAUSE_IMAGE = "kubernode.local/pause:1";

/** Architecture of this machine, as images name it. */
export function imageArchitecture(arch: string = process.arch): Architecture {
  return arch === "arm64" ? "arm64" : "amd64";
}

/** The pause image as an OCI archive, made on the spot: no registry is asked. */
export function pauseArchive(architecture: Architecture): Buffer {
  return ociArchive({
    reference: PAUSE_IMAGE,
    architecture,
    files: [{ path: "pause", mode: 0o755, content: pauseProgram(architecture) }],
    entrypoint: ["/pause"],
    user: "65535:65535",
  });
}
