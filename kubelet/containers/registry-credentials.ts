/** Credentials of a pod's `imagePullSecrets`: pure. Upstream: `pkg/credentialprovider`. */
import type { Secret } from "../../shared/api/generated/core/v1.ts";
import type { RegistryCredentials } from "../runtime/runtime.ts";

interface DockerAuth {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

function authsOf(secret: Secret): Record<string, DockerAuth> {
  const config = secret.data?.[".dockerconfigjson"];
  const legacy = secret.data?.[".dockercfg"];
  const encoded = config ?? legacy;
  if (encoded === undefined) return {};
  const parsed: unknown = JSON.parse(Buffer.from(encoded, "base64").toString("utf8"));
  if (typeof parsed !== "object" || parsed === null) return {};
  const auths: unknown = config === undefined ? parsed : "auths" in parsed ? parsed.auths : {};
  return typeof auths === "object" && auths !== null ? (auths as Record<string, DockerAuth>) : {};
}

/** Host of an image reference; references without one belong to Docker Hub. */
export function registryOf(image: string): string {
  const [first = ""] = image.split("/");
  const isHost = image.includes("/") && (first.includes(".") || first.includes(":") || first === "localhost");
  return isHost ? first : "docker.io";
}

function hostOf(server: string): string {
  const host = server.replace(/^https?:\/\//, "").split("/")[0] ?? "";
  return host === "index.docker.io" ? "docker.io" : host;
}

/** First matching entry; a secret that cannot be read is skipped. */
export function credentialsFor(secrets: readonly Secret[], image: string): RegistryCredentials | undefined {
  const registry = registryOf(image);
  for (const secret of secrets) {
    for (const [server, auth] of Object.entries(authsOf(secret))) {
      if (hostOf(server) !== registry) continue;
      const [username, ...password] = Buffer.from(auth.auth ?? "", "base64")
        .toString("utf8")
        .split(":");
      return {
        username: auth.username ?? username ?? "",
        password: auth.password ?? password.join(":"),
        serverAddress: server,
        ...(auth.identitytoken === undefined ? {} : { identityToken: auth.identitytoken }),
        ...(auth.registrytoken === undefined ? {} : { registryToken: auth.registrytoken }),
      };
    }
  }
  return undefined;
}
