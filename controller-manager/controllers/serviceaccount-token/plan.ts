/** What becomes of the Secrets that hold a ServiceAccount's token (upstream: `pkg/controller/serviceaccount/tokens_controller.go`). */
import type { Secret, ServiceAccount } from "../../../shared/api/generated/core/v1.ts";

export const TOKEN_SECRET_TYPE = "kubernetes.io/service-account-token";
const ACCOUNT_NAME = "kubernetes.io/service-account.name";
const ACCOUNT_UID = "kubernetes.io/service-account.uid";
const LEGACY_ISSUER = "kubernetes/serviceaccount";

export type TokenSecretStep =
  | { readonly kind: "nothing" }
  /** Its account is gone, or another one of that name. */
  | { readonly kind: "delete" }
  /** `claims` are those to sign when the Secret has no token yet. */
  | { readonly kind: "fill"; readonly claims: object | undefined; readonly filled: Secret };

const base64 = (text: string): string => {
  const bytes = new TextEncoder().encode(text);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
};

/** Name of the account that a Secret is for. */
export function accountNameOf({ metadata }: Secret): string {
  return metadata.annotations?.[ACCOUNT_NAME] ?? "";
}

function claimsFor({ metadata: account }: ServiceAccount, { metadata: secret }: Secret): object {
  const namespace = account.namespace ?? "";
  return {
    iss: LEGACY_ISSUER,
    "kubernetes.io/serviceaccount/namespace": namespace,
    "kubernetes.io/serviceaccount/secret.name": secret.name,
    "kubernetes.io/serviceaccount/service-account.name": account.name,
    "kubernetes.io/serviceaccount/service-account.uid": account.uid,
    sub: `system:serviceaccount:${namespace}:${account.name}`,
  };
}

/** `rootCa` is PEM; it is left out where the cluster has none. */
export function planTokenSecret(
  secret: Secret,
  account: ServiceAccount | undefined,
  rootCa: string | undefined,
): TokenSecretStep {
  const { metadata, data = {} } = secret;
  if (secret.type !== TOKEN_SECRET_TYPE || metadata.deletionTimestamp !== undefined) return { kind: "nothing" };
  const uid = metadata.annotations?.[ACCOUNT_UID] ?? "";
  if (account === undefined || (uid !== "" && uid !== account.metadata.uid)) return { kind: "delete" };
  const wanted: Record<string, string> = {
    ...(rootCa === undefined || rootCa === "" ? {} : { "ca.crt": base64(rootCa) }),
    ...((data["namespace"] ?? "") === "" ? { namespace: base64(metadata.namespace ?? "") } : {}),
  };
  const hasToken = (data["token"] ?? "") !== "";
  const hasNames = uid === account.metadata.uid && accountNameOf(secret) === account.metadata.name;
  if (hasToken && hasNames && Object.entries(wanted).every(([key, value]) => data[key] === value)) {
    return { kind: "nothing" };
  }
  const annotations = {
    ...metadata.annotations,
    [ACCOUNT_NAME]: account.metadata.name,
    [ACCOUNT_UID]: account.metadata.uid ?? "",
  };
  const filled = { ...secret, metadata: { ...metadata, annotations }, data: { ...data, ...wanted } };
  return { kind: "fill", claims: hasToken ? undefined : claimsFor(account, secret), filled };
}
