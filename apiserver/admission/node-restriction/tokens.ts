/** Tokens that a node may ask for: of pods that run on it, for the audiences that these pods name. */
import type { TokenRequest } from "../../../shared/api/generated/authentication/v1.ts";
import type { Pod } from "../../../shared/api/generated/core/v1.ts";
import { notFound } from "../../../shared/errors/status-error.ts";
import { csiDrivers, persistentVolumeClaims, persistentVolumes, pods } from "../../../shared/resources/catalog.ts";
import type { Authorizer } from "../../authorization/authorizer.ts";
import type { ObjectReader } from "../../watch-cache/object-reader.ts";
import type { AdmissionRequest } from "../admission.ts";

/** CSI drivers of the pod's volumes, inline or behind a claim. */
function driversOf(pod: Pod, reader: ObjectReader): string[] {
  const namespace = pod.metadata.namespace ?? "";
  return (pod.spec.volumes ?? []).flatMap((volume) => {
    if (volume.csi !== undefined) return [volume.csi.driver];
    const claimName =
      volume.ephemeral === undefined ? volume.persistentVolumeClaim?.claimName : `${pod.metadata.name}-${volume.name}`;
    const claim = claimName === undefined ? undefined : reader.get(persistentVolumeClaims, namespace, claimName);
    const volumeName = claim?.spec?.volumeName ?? "";
    const driver =
      volumeName === "" ? undefined : reader.get(persistentVolumes, undefined, volumeName)?.spec?.csi?.driver;
    return driver === undefined ? [] : [driver];
  });
}

/** The empty audience stands for that of the API. */
function namesAudience(pod: Pod, audience: string, reader: ObjectReader): boolean {
  const projected = (pod.spec.volumes ?? []).flatMap((volume) => volume.projected?.sources ?? []);
  if (
    projected.some(
      (one) => one.serviceAccountToken !== undefined && (one.serviceAccountToken.audience ?? "") === audience,
    )
  )
    return true;
  return driversOf(pod, reader).some((driver) =>
    reader.get(csiDrivers, undefined, driver)?.spec.tokenRequests?.some((request) => request.audience === audience),
  );
}

function audienceProblem(
  request: AdmissionRequest,
  audiences: readonly string[],
  pod: Pod,
  { reader, authorizer }: TokenDependencies,
): string | undefined {
  const [audience = "", ...more] = audiences;
  if (more.length > 0) return "node may only request 0 or 1 audiences";
  if (namesAudience(pod, audience, reader)) return undefined;
  const { user, namespace, name } = request;
  const verb = "request-serviceaccounts-token-audience";
  const asked = { kind: "resource", verb, group: "", version: "v1", resource: audience, subresource: "" } as const;
  if (authorizer.authorize(user, { ...asked, namespace, name }).isAllowed) return undefined;
  return `audience "${audience}" not found in pod spec volume, ${user.name} is not authorized to request tokens for this audience`;
}

interface TokenDependencies {
  readonly reader: ObjectReader;
  readonly authorizer: Authorizer;
}

/** Why the node may not have that token; nothing when it may. */
export function tokenProblem(
  request: AdmissionRequest,
  node: string,
  dependencies: TokenDependencies,
): string | undefined {
  if (request.operation !== "CREATE" || request.subresource !== "token") return undefined;
  const { boundObjectRef: ref, audiences = [] } = (request.object as TokenRequest).spec ?? {};
  if (ref?.apiVersion !== "v1" || ref.kind !== "Pod" || (ref.name ?? "") === "") {
    return "node requested token not bound to a pod";
  }
  if ((ref.uid ?? "") === "") return "node requested token with a pod binding without a uid";
  const pod = dependencies.reader.get(pods, request.namespace, ref.name ?? "");
  if (pod === undefined) throw notFound(pods, ref.name ?? "");
  if (pod.metadata.uid !== ref.uid) {
    return `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
  }
  if (pod.spec.nodeName !== node) return "node requested token bound to a pod scheduled on a different node";
  return audienceProblem(request, audiences, pod, dependencies);
}
