/** Whether the objects that a ServiceAccount token is bound to are still there (upstream: `pkg/serviceaccount/{claims,legacy}.go`). */
import { timingSafeEqual } from "node:crypto";
import type { ObjectMeta } from "../../shared/api/generated/meta/v1.ts";
import type { Clock } from "../../shared/process/clock.ts";
import { nodes, pods, secrets, serviceAccounts } from "../../shared/resources/catalog.ts";
import type { ObjectReader } from "../watch-cache/object-reader.ts";
import type { KubernetesClaim, LegacyClaims, ObjectClaim } from "./service-account-claims.ts";

export interface BoundObjects {
  /** Why a token with these claims is good no more; nothing while it is. */
  problemOf(claim: KubernetesClaim): string | undefined;
  /** The same for a token that lies in a Secret: there it must still lie. */
  problemOfLegacy(claims: LegacyClaims, token: string): string | undefined;
}

/** Objects on their way out keep their tokens good for this long, so that pods can end in an orderly way. */
const DELETED_OBJECT_GRACE_MS = 60_000;
const INVALID_SINCE = "kubernetes.io/legacy-token-invalid-since";
const INVALIDATED = "service account token has been invalidated";

function isSame(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

export function boundObjects(reader: ObjectReader, clock: Clock): BoundObjects {
  const isGone = (meta: ObjectMeta, graceMs: number): boolean =>
    meta.deletionTimestamp !== undefined && Date.parse(meta.deletionTimestamp) <= clock.nowMs() - graceMs;

  const problemOfObject = (meta: ObjectMeta | undefined, kind: string, claim: ObjectClaim): string | undefined => {
    if (meta === undefined || isGone(meta, DELETED_OBJECT_GRACE_MS)) return INVALIDATED;
    const uid = claim.uid ?? "";
    if (uid === "" || meta.uid === uid) return undefined;
    return `${kind} UID (${meta.uid}) does not match service account ${kind} ref claim (${uid})`;
  };

  const problemOfAccount = (
    namespace: string,
    { name, uid = "" }: ObjectClaim,
    graceMs: number,
  ): string | undefined => {
    const meta = reader.get(serviceAccounts, namespace, name)?.metadata;
    if (meta === undefined) return `serviceaccounts ${JSON.stringify(name)} not found`;
    if (isGone(meta, graceMs)) return `service account ${namespace}/${name} has been deleted`;
    if (uid === "" || meta.uid === uid) return undefined;
    return `service account UID (${meta.uid}) does not match claim (${uid})`;
  };

  return {
    problemOf: ({ namespace, serviceaccount, pod, secret, node }) => {
      const account = problemOfAccount(namespace, serviceaccount, DELETED_OBJECT_GRACE_MS);
      if (account !== undefined) return account;
      // The node of a pod is only told, not checked: the pod goes when its node does.
      if (pod !== undefined) return problemOfObject(reader.get(pods, namespace, pod.name)?.metadata, "pod", pod);
      if (secret !== undefined) {
        return problemOfObject(reader.get(secrets, namespace, secret.name)?.metadata, "secret", secret);
      }
      if (node === undefined) return undefined;
      return problemOfObject(reader.get(nodes, undefined, node.name)?.metadata, "node", node);
    },
    problemOfLegacy: ({ namespace, secret: name, serviceaccount }, token) => {
      const secret = reader.get(secrets, namespace, name);
      if (secret === undefined || secret.metadata.deletionTimestamp !== undefined) return INVALIDATED;
      const stored = Buffer.from(secret.data?.["token"] ?? "", "base64").toString();
      if (!isSame(stored, token)) return "service account token does not match server's copy";
      if (secret.metadata.labels?.[INVALID_SINCE] !== undefined) {
        return `the token in secret ${namespace}/${name} for service account ${namespace}/${serviceaccount.name} has been marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the '${INVALID_SINCE}' label from the secret to temporarily allow use of this token`;
      }
      return problemOfAccount(namespace, serviceaccount, 0);
    },
  };
}
