/**
 * Who calls the kubelet and whether they may: client certificates of the cluster's CA, bearer tokens by TokenReview,
 * permissions by SubjectAccessReview. Upstream: `cmd/kubelet/app/auth.go`, `pkg/kubelet/server/auth.go`.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import type { TokenReview } from "../../shared/api/generated/authentication/v1.ts";
import type { SubjectAccessReview } from "../../shared/api/generated/authorization/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import type { Clock } from "../../shared/process/clock.ts";
import { subjectAccessReviews, tokenReviews } from "../../shared/resources/catalog.ts";
import type { KubeletConfiguration } from "../configuration/configuration-fields.ts";
import { ExpiringCache } from "./expiring-cache.ts";
import { subresourcesOf, verbOf } from "./request-attributes.ts";

export interface KubeletUser {
  readonly name: string;
  readonly groups: readonly string[];
  readonly uid?: string | undefined;
}

export interface KubeletAccess {
  /** Undefined: nobody we know, answer 401. */
  authenticate(request: IncomingMessage): Promise<KubeletUser | undefined>;
  authorize(user: KubeletUser, method: string, path: string): Promise<boolean>;
}

export interface KubeletAccessOptions {
  readonly client: ApiClient;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly configuration: Pick<
    KubeletConfiguration,
    | "authentication.anonymous.enabled"
    | "authentication.webhook.enabled"
    | "authentication.webhook.cacheTTL"
    | "authorization.mode"
    | "authorization.webhook.cacheAuthorizedTTL"
    | "authorization.webhook.cacheUnauthorizedTTL"
  >;
}

const ANONYMOUS: KubeletUser = { name: "system:anonymous", groups: ["system:unauthenticated"] };

export function createKubeletAccess({ client, nodeName, clock, configuration }: KubeletAccessOptions): KubeletAccess {
  const users = new ExpiringCache<KubeletUser>(clock);
  const verdicts = new ExpiringCache<boolean>(clock);
  const authenticate = async (request: IncomingMessage): Promise<KubeletUser | undefined> => {
    const known = certificateUser(request);
    if (known !== undefined) return known;
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
    if (token !== undefined && configuration["authentication.webhook.enabled"]) {
      return tokenUser(client, users, token, configuration["authentication.webhook.cacheTTL"]);
    }
    return token === undefined && configuration["authentication.anonymous.enabled"] ? ANONYMOUS : undefined;
  };
  const lives = {
    allowedMs: configuration["authorization.webhook.cacheAuthorizedTTL"],
    deniedMs: configuration["authorization.webhook.cacheUnauthorizedTTL"],
  };
  return {
    authenticate,
    authorize: async (user, method, path) => {
      if (configuration["authorization.mode"] === "AlwaysAllow") return true;
      const verb = verbOf(method);
      for (const subresource of subresourcesOf(path)) {
        const attributes = { verb, version: "v1", resource: "nodes", subresource, name: nodeName };
        if (await isAllowed(client, verdicts, lives, user, attributes)) return true;
      }
      return false;
    },
  };
}

function certificateUser({ socket }: IncomingMessage): KubeletUser | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const { subject } = socket.getPeerCertificate();
  // Several organizations come as a list, whatever the type says.
  const organizations = [subject?.O ?? []].flat().filter((name) => typeof name === "string");
  const name = subject?.CN;
  return typeof name === "string" ? { name, groups: [...organizations, "system:authenticated"] } : undefined;
}

async function tokenUser(
  client: ApiClient,
  cache: ExpiringCache<KubeletUser>,
  token: string,
  lifeMs: number,
): Promise<KubeletUser | undefined> {
  const key = createHash("sha256").update(token).digest("base64");
  const known = cache.get(key);
  if (known !== undefined) return known;
  const review = await client.create(tokenReviews, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenReview",
    spec: { token },
  });
  const user = userOf(review);
  if (user !== undefined) cache.set(key, user, lifeMs);
  return user;
}

function userOf({ status }: TokenReview): KubeletUser | undefined {
  if (status?.authenticated !== true || status.user?.username === undefined) return undefined;
  return { name: status.user.username, groups: status.user.groups ?? [], uid: status.user.uid };
}

type ResourceAttributes = NonNullable<SubjectAccessReview["spec"]["resourceAttributes"]>;

async function isAllowed(
  client: ApiClient,
  cache: ExpiringCache<boolean>,
  lives: { readonly allowedMs: number; readonly deniedMs: number },
  user: KubeletUser,
  resourceAttributes: ResourceAttributes,
): Promise<boolean> {
  const key = JSON.stringify([user, resourceAttributes]);
  const known = cache.get(key);
  if (known !== undefined) return known;
  const spec = {
    user: user.name,
    groups: [...user.groups],
    ...(user.uid === undefined ? {} : { uid: user.uid }),
    resourceAttributes,
  };
  const review = await client.create(subjectAccessReviews, {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec,
  });
  const isGranted = review.status?.allowed === true;
  cache.set(key, isGranted, isGranted ? lives.allowedMs : lives.deniedMs);
  return isGranted;
}
