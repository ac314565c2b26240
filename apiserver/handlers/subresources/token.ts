/** `serviceaccounts/token`: TokenRequest (upstream: `pkg/registry/core/serviceaccount/storage/token.go`). */
import type { BoundObjectReference, TokenRequest } from "../../../shared/api/generated/authentication/v1.ts";
import type { Pod } from "../../../shared/api/generated/core/v1.ts";
import type { ObjectMeta } from "../../../shared/api/generated/meta/v1.ts";
import { badRequest, conflict, type FieldError, invalid, isNotFound } from "../../../shared/errors/status-error.ts";
import { type Clock, rfc3339 } from "../../../shared/process/clock.ts";
import { nodes, pods, secrets, serviceAccounts } from "../../../shared/resources/catalog.ts";
import type { KubeObject, Resource } from "../../../shared/resources/resource.ts";
import type { AdmissionPlugin } from "../../admission/admission.ts";
import { validateThrough } from "../../admission/chain.ts";
import type { KubernetesClaim } from "../../authentication/service-account-claims.ts";
import type { ServiceAccountTokens } from "../../authentication/service-account-tokens.ts";
import { sendObject } from "../../http/respond.ts";
import type { Registry } from "../../registry/registry.ts";
import type { Handler } from "../handler.ts";
import { readReview } from "../reviews/read-review.ts";

const TOKEN_REQUEST = { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" };
const CREATED = 201;
const DEFAULT_EXPIRATION_SECONDS = 3600;
const MIN_EXPIRATION_SECONDS = 600;
const MAX_EXPIRATION_SECONDS = 2 ** 32;
/** What kubelets ask for on behalf of pods that asked for nothing: those may hold clients that never renew. */
const UNASKED_EXPIRATION_SECONDS = 60 * 60 + 7;
/** Such a token is good for so long all the same, and says when it should have been renewed. */
const EXTENDED_EXPIRATION_SECONDS = 365 * 24 * 60 * 60;

/** `--service-account-extend-token-expiration` and `--service-account-max-token-expiration`. */
export interface TokenLifetimes {
  readonly isExtended: boolean;
  /** None when left out. */
  readonly maxSeconds?: number | undefined;
}

export interface TokenDependencies {
  readonly registry: Pick<Registry, "get">;
  readonly clock: Clock;
  readonly tokens: ServiceAccountTokens;
  readonly tokenLifetimes: TokenLifetimes;
  /** Asked whether this caller may have this token. */
  readonly admission: readonly AdmissionPlugin[];
}

function checkExpiration(seconds: number): void {
  const limit =
    seconds < MIN_EXPIRATION_SECONDS
      ? "may not specify a duration less than 10 minutes"
      : seconds > MAX_EXPIRATION_SECONDS
        ? "may not specify a duration larger than 2^32 seconds"
        : undefined;
  if (limit === undefined) return;
  const detail = `Invalid value: ${seconds}: ${limit}`;
  throw invalid(TOKEN_REQUEST, "", [{ reason: "FieldValueInvalid", field: "spec.expirationSeconds", detail }]);
}

function checkUid({ group, kind }: Resource<KubeObject>, ref: BoundObjectReference, metadata: ObjectMeta): void {
  if (ref.uid === undefined || ref.uid === "" || ref.uid === metadata.uid) return;
  const why = `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
  // Upstream names the kind where a resource is meant.
  throw conflict({ group, plural: kind }, ref.name ?? "", why);
}

async function nodeClaim({ registry }: TokenDependencies, pod: Pod): Promise<KubernetesClaim["node"]> {
  const name = pod.spec.nodeName ?? "";
  if (name === "") return undefined;
  try {
    const { object } = await registry.get(nodes, "", name);
    return { name, uid: object.metadata.uid };
  } catch (error) {
    if (isNotFound(error)) return { name };
    throw error;
  }
}

/** The part of the claim that names what the token is bound to. */
async function boundClaim(
  dependencies: TokenDependencies,
  ref: BoundObjectReference,
  namespace: string,
  account: string,
): Promise<Partial<KubernetesClaim>> {
  const { registry } = dependencies;
  const name = ref.name ?? "";
  switch (`${ref.apiVersion ?? ""} ${ref.kind ?? ""}`) {
    case "v1 Pod": {
      const { object: pod } = await registry.get(pods, namespace, name);
      checkUid(pods, ref, pod.metadata);
      if (pod.spec.serviceAccountName !== account) {
        throw badRequest(
          `cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`,
        );
      }
      return { pod: { name, uid: pod.metadata.uid }, node: await nodeClaim(dependencies, pod) };
    }
    case "v1 Secret": {
      const { object: secret } = await registry.get(secrets, namespace, name);
      checkUid(secrets, ref, secret.metadata);
      return { secret: { name, uid: secret.metadata.uid } };
    }
    case "v1 Node": {
      const { object: node } = await registry.get(nodes, "", name);
      checkUid(nodes, ref, node.metadata);
      return { node: { name, uid: node.metadata.uid } };
    }
    default: {
      const [group, version] = (ref.apiVersion ?? "").includes("/")
        ? (ref.apiVersion ?? "").split("/")
        : ["", ref.apiVersion];
      throw badRequest(`cannot bind token to object of type ${group ?? ""}/${version ?? ""}, Kind=${ref.kind ?? ""}`);
    }
  }
}

/** The body may name the account, but no other than the URL. */
function checkMetadata(metadata: ObjectMeta | undefined, namespace: string, name: string): void {
  const differs = (field: string, value: string | undefined, wanted: string, what: string): FieldError[] => {
    if (value === undefined || value === "" || value === wanted) return [];
    const detail = `Invalid value: ${JSON.stringify(value)}: must match the service account ${what} if specified`;
    return [{ reason: "FieldValueInvalid", field, detail }];
  };
  const wrongName = differs("metadata.name", metadata?.name, name, "name");
  const errors =
    wrongName.length > 0 ? wrongName : differs("metadata.namespace", metadata?.namespace, namespace, "namespace");
  if (errors.length > 0) throw invalid(TOKEN_REQUEST, name, errors);
}

interface Lifetime {
  /** What the answer says. */
  readonly shownSeconds: number;
  readonly realSeconds: number;
  readonly warnAfterSeconds?: number | undefined;
}

function lifetimeOf(
  { tokens, tokenLifetimes }: TokenDependencies,
  shownSeconds: number,
  audiences: readonly string[],
  isOfPod: boolean,
): Lifetime {
  const isForApi = audiences.every((audience) => tokens.apiAudiences.includes(audience));
  const isExtended = tokenLifetimes.isExtended && isOfPod && isForApi && shownSeconds === UNASKED_EXPIRATION_SECONDS;
  if (!isExtended) return { shownSeconds, realSeconds: shownSeconds };
  return { shownSeconds, realSeconds: EXTENDED_EXPIRATION_SECONDS, warnAfterSeconds: shownSeconds };
}

export function createTokenHandler(dependencies: TokenDependencies): Handler {
  const { registry, clock, tokens, admission, tokenLifetimes } = dependencies;
  return async (context, { namespace, name }) => {
    const asked = await readReview<TokenRequest>(context, TOKEN_REQUEST);
    const asking: ObjectMeta | undefined = asked.metadata;
    checkMetadata(asking, namespace, name);
    const { object: account } = await registry.get(serviceAccounts, namespace, name);
    const { audiences = [], boundObjectRef, expirationSeconds: wanted = DEFAULT_EXPIRATION_SECONDS } = asked.spec ?? {};
    checkExpiration(wanted);
    const metadata = { ...asking, name, namespace, creationTimestamp: rfc3339(clock.nowMs()) };
    await validateThrough(admission, {
      operation: "CREATE",
      resource: serviceAccounts,
      subresource: "token",
      namespace,
      name,
      object: { ...asked, metadata },
      oldObject: undefined,
      user: context.user,
      isDryRun: false,
      warn: (text) => context.warnings.push(text),
    });
    const { maxSeconds = Number.POSITIVE_INFINITY } = tokenLifetimes;
    const expirationSeconds = Math.min(wanted, maxSeconds);
    if (expirationSeconds < wanted) {
      context.warnings.push(`requested expiration of ${wanted} seconds shortened to ${expirationSeconds} seconds`);
    }
    const bound = boundObjectRef === undefined ? {} : await boundClaim(dependencies, boundObjectRef, namespace, name);
    const claim = { namespace, serviceaccount: { name, uid: account.metadata.uid }, ...bound };
    const lifetime = lifetimeOf(dependencies, expirationSeconds, audiences, bound.pod !== undefined);
    const { realSeconds, warnAfterSeconds, shownSeconds } = lifetime;
    const nowMs = clock.nowMs();
    const signed = await tokens.sign({ claim, audiences, expirationSeconds: realSeconds, warnAfterSeconds });
    sendObject(context, CREATED, {
      kind: TOKEN_REQUEST.kind,
      apiVersion: `${TOKEN_REQUEST.group}/${TOKEN_REQUEST.version}`,
      metadata,
      spec: {
        audiences: [...signed.audiences],
        expirationSeconds,
        ...(boundObjectRef === undefined ? {} : { boundObjectRef }),
      },
      status: { token: signed.token, expirationTimestamp: rfc3339(nowMs + shownSeconds * 1000) },
    });
  };
}
