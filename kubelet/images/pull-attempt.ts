/** One pull with every credential there is, and what its failure is called. Upstream: `kuberuntime_image.go`, `image_manager.go` evalCRIPullErr. */
import { ContainerError } from "../containers/container-error.ts";
import type { ContainerRuntime } from "../runtime/runtime.ts";
import { isRuntimeCancelled, messageOf } from "../runtime/runtime-error.ts";
import type { PullCredential } from "./keyring.ts";

export interface PulledImage {
  readonly ref: string;
  /** The one that the registry took; undefined when none was needed. */
  readonly credential: PullCredential | undefined;
}

/** Tries the credentials one after the other; without any it asks as nobody. Rejects with all failures in one text. */
export async function attemptPull(
  runtime: Pick<ContainerRuntime, "pullImage">,
  image: string,
  credentials: readonly PullCredential[],
  signal: AbortSignal,
): Promise<PulledImage> {
  if (credentials.length === 0) {
    return { ref: await runtime.pullImage(image, undefined, signal), credential: undefined };
  }
  const failures = new Set<string>();
  for (const credential of credentials) {
    try {
      return { ref: await runtime.pullImage(image, credential.credentials, signal), credential };
    } catch (error) {
      if (isRuntimeCancelled(error)) throw error;
      failures.add(messageOf(error));
    }
  }
  const [first = ""] = failures;
  throw new Error(failures.size === 1 ? first : `[${[...failures].join(", ")}]`);
}

/** Failures that the runtime names, and what follows "image pull failed for X because". */
const NAMED: Readonly<Record<string, string>> = {
  RegistryUnavailable: "the registry is unavailable",
  SignatureValidationFailed: "the signature validation failed",
};

/** What the container's waiting state shows. */
export function pullFailure(image: string, error: unknown): ContainerError {
  const message = messageOf(error);
  for (const [reason, words] of Object.entries(NAMED)) {
    if (!message.startsWith(reason)) continue;
    return new ContainerError(reason, `image pull failed for ${image} because ${words}${message.slice(reason.length)}`);
  }
  return new ContainerError("ErrImagePull", message, error);
}
