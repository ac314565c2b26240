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

const TOKEN_CACHE_MS = 120_000;
const ALLOWED_CACHE_MS = 300_000;
const DENIED_CACHE_MS = 30_000;
const CACHE_ENTRIES_MAX = 1000;

interface Cached<T> {
  readonly value: T;
  readonly untilMs: number;
}

/** Forgets the oldest entry beyond a limit. */
class ExpiringCache<T> {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Cached<T>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.untilMs > this.#clock.nowMs() ? entry.value : undefined;
  }

  set(key: string, value: T, lifeMs: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, untilMs: this.#clock.nowMs() + lifeMs });
    const oldest = this.#entries.keys().next();
    if (this.#entries.size > CACHE_ENTRIES_MAX && oldest.done !== true) this.#entries.delete(oldest.value);
  }
}

const VERBS: Readonly<Record<string, string>> = {
  GET: "get",
  HEAD: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** Subresources of the node that a path needs, the finest first: any of them will do. */
export function subresourcesOf(path: string): string[] {
  const isBelow = (root: string): boolean => path === root || path.startsWith(`${root}/`);
  if (isBelow("/stats")) return ["stats"];
  if (isBelow("/metrics")) return ["metrics"];
  if (isBelow("/logs")) return ["log"];
  if (isBelow("/healthz")) return ["healthz", "proxy"];
  if (path === "/pods" || path === "/runningpods" || path === "/runningpods/") return ["pods", "proxy"];
  if (path === "/configz") return ["configz", "proxy"];
  return ["proxy"];
}

export function createKubeletAccess(client: ApiClient, nodeName: string, clock: Clock): KubeletAccess {
  const users = new ExpiringCache<KubeletUser>(clock);
  const verdicts = new ExpiringCache<boolean>(clock);
  return {
    authenticate: async (request) => certificateUser(request) ?? tokenUser(client, users, request),
    authorize: async (user, method, path) => {
      const verb = VERBS[method] ?? method.toLowerCase();
      for (const subresource of subresourcesOf(path)) {
        if (
          await isAllowed(client, verdicts, user, {
            verb,
            version: "v1",
            resource: "nodes",
            subresource,
            name: nodeName,
          })
        )
          return true;
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
  request: IncomingMessage,
): Promise<KubeletUser | undefined> {
  const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (token === undefined) return undefined;
  const key = createHash("sha256").update(token).digest("base64");
  const known = cache.get(key);
  if (known !== undefined) return known;
  const review = await client.create(tokenReviews, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenReview",
    spec: { token },
  });
  const user = userOf(review);
  if (user !== undefined) cache.set(key, user, TOKEN_CACHE_MS);
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
  cache.set(key, isGranted, isGranted ? ALLOWED_CACHE_MS : DENIED_CACHE_MS);
  return isGranted;
}
