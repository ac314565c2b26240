/** Signatures of `cluster-info` by the bootstrap tokens that may sign (upstream: `pkg/controller/bootstrap/bootstrapsigner.go`). */
import type { ConfigMap, Secret } from "../../../shared/api/generated/core/v1.ts";
import { isBootstrapTokenExpired, isBootstrapTokenFor, secretText } from "../../../shared/machinery/bootstrap-token.ts";

export const CLUSTER_INFO = { namespace: "kube-public", name: "cluster-info" };
const CONTENT_KEY = "kubeconfig";
const SIGNATURE_PREFIX = "jws-kubeconfig-";

/** Signs a content with the secret of the token of that id. */
export type Sign = (content: string, tokenId: string, tokenSecret: string) => string;

/** The ConfigMap with the signatures that it should have; nothing when it has them. */
export function planSignatures(
  map: ConfigMap | undefined,
  tokens: readonly Secret[],
  sign: Sign,
  nowMs: number,
): ConfigMap | undefined {
  const content = map?.data?.[CONTENT_KEY];
  if (map === undefined || content === undefined) return undefined;
  const rest = Object.entries(map.data ?? {}).filter(([key]) => !key.startsWith(SIGNATURE_PREFIX));
  const signers = tokens.filter((one) => isBootstrapTokenFor(one, "signing") && !isBootstrapTokenExpired(one, nowMs));
  const signatures = signers.flatMap((token): [string, string][] => {
    const [id, secret] = [secretText(token, "token-id"), secretText(token, "token-secret")];
    const isWhole = id !== "" && secret !== "" && token.metadata.name === `bootstrap-token-${id}`;
    return isWhole ? [[`${SIGNATURE_PREFIX}${id}`, sign(content, id, secret)]] : [];
  });
  const data = Object.fromEntries([...rest, ...signatures]);
  const before = map.data ?? {};
  const isSame =
    Object.keys(data).length === Object.keys(before).length &&
    Object.entries(data).every(([key, value]) => before[key] === value);
  return isSame ? undefined : { ...map, data };
}
