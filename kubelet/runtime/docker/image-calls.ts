/** Images of the Engine: list, look up, pull, remove. */
import type { ContainerRuntime, RegistryCredentials, RuntimeImage } from "../runtime.ts";
import { isRuntimeCancelled, isRuntimeNotFound, RuntimeCallError } from "../runtime-error.ts";
import type { DockerContext } from "./docker-context.ts";
import type { WireImage, WirePullProgress } from "./engine-wire.ts";
import { splitImageName } from "./image-name.ts";

type ImageCalls = Pick<
  ContainerRuntime,
  "listImages" | "imageStatus" | "pullImage" | "removeImage" | "imageFilesystem"
>;

export function imageCalls(context: DockerContext): ImageCalls {
  const { engine, images } = context;
  return {
    listImages: async () =>
      (await engine.call<WireImage[]>("GET", "/images/json")).map((image) => imageFrom(image, context.sandboxImage)),
    imageStatus: async (name) => {
      const image = await images.find(name);
      return image === undefined ? undefined : imageFrom(image, context.sandboxImage);
    },
    pullImage: (name, credentials, signal) => pullImage(context, name, credentials, signal),
    removeImage: (name) => removeImage(context, name),
    imageFilesystem: async () => {
      const { imageBytes } = await context.diskUsage.read();
      return { mountpoint: await context.rootDir(), usedBytes: imageBytes };
    },
  };
}

const NO_NAME = /^<none>[:@]<none>$/;

function imageFrom({ Id, RepoTags, RepoDigests, Size, Config }: WireImage, sandboxImage: string): RuntimeImage {
  const [user = ""] = (Config?.User ?? "").split(":");
  const isNumber = /^\d+$/.test(user);
  return {
    id: Id,
    tags: (RepoTags ?? []).filter((tag) => !NO_NAME.test(tag)),
    digests: (RepoDigests ?? []).filter((digest) => !NO_NAME.test(digest)),
    sizeBytes: Size,
    uid: isNumber ? Number(user) : user === "" ? 0 : undefined,
    username: isNumber ? "" : user,
    isPinned: (RepoTags ?? []).includes(sandboxImage),
  };
}

/** The Engine's header: JSON in URL-safe base64, with its padding: the Engine takes any other for "no credentials". */
function authHeader(credentials: RegistryCredentials): string {
  const [username, ...password] = Buffer.from(credentials.auth ?? "", "base64")
    .toString("utf8")
    .split(":");
  const body = {
    username: credentials.username ?? username,
    password: credentials.password ?? password.join(":"),
    serveraddress: credentials.serverAddress,
    identitytoken: credentials.identityToken,
    registrytoken: credentials.registryToken,
  };
  return Buffer.from(JSON.stringify(body)).toString("base64").replaceAll("+", "-").replaceAll("/", "_");
}

/** Rejects with the registry's words. Resolves to the image's id, which containers are made from. */
async function pullImage(
  { engine, images }: DockerContext,
  name: string,
  credentials: RegistryCredentials | undefined,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { repository, tag } = splitImageName(name);
  const request = {
    query: { fromImage: repository, tag },
    headers: credentials === undefined ? {} : { "x-registry-auth": authHeader(credentials) },
    signal,
  };
  let failure: string | undefined;
  try {
    await engine.stream<WirePullProgress>("POST", "/images/create", request, noop, ({ error }) => {
      failure ??= error;
    });
  } catch (error) {
    // "Not found" would mean a container that went away.
    if (isRuntimeNotFound(error) && error instanceof Error) throw new RuntimeCallError("other", error.message, error);
    throw error;
  }
  if (signal?.aborted === true) throw new RuntimeCallError("cancelled", `the pull of ${name} was cancelled`);
  if (failure !== undefined) throw new RuntimeCallError("other", `failed to pull image "${name}": ${failure}`);
  images.forget();
  const image = await images.find(name);
  if (image === undefined) throw new RuntimeCallError("other", `image "${name}" was pulled and is not there`);
  return image.Id;
}

const noop = (): void => undefined;

/** All names of it and then itself; rejects while a container uses it. */
async function removeImage({ engine, images }: DockerContext, name: string): Promise<void> {
  const image = await images.find(name);
  if (image === undefined) return;
  const names = [...(image.RepoTags ?? []), ...(image.RepoDigests ?? [])];
  for (const each of names.length > 0 ? names : [image.Id]) {
    try {
      await engine.call("DELETE", `/images/${encodeURI(each)}`);
    } catch (error) {
      if (isRuntimeCancelled(error) || !isRuntimeNotFound(error)) throw error;
    }
  }
  images.forget();
}
