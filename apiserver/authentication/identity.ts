/** Everything that knows who is who, put together from the server's options (upstream: `pkg/kubeapiserver/authenticator`). */
import type { ApiServerOptions } from "../options.ts";
import type { ObjectReader } from "../watch-cache/object-reader.ts";
import { type Authenticator, createAuthenticator } from "./authenticate.ts";
import { bootstrapTokens } from "./bootstrap-tokens.ts";
import { createServiceAccountTokens, type ServiceAccountTokens } from "./service-account-tokens.ts";
import { readPublicKeys, readSigningKey } from "../../shared/process/signing-keys.ts";
import { staticTokens } from "./static-tokens.ts";
import { anyTokenAuthenticator, type TokenAuthenticator } from "./token-authenticator.ts";

export interface Identity {
  readonly authenticator: Authenticator;
  /** Bearer tokens of all kinds. */
  readonly tokenAuthenticator: TokenAuthenticator;
  /** Those of ServiceAccounts, which this server also signs. */
  readonly tokens: ServiceAccountTokens;
  readonly tokenLifetimes: { readonly isExtended: boolean; readonly maxSeconds: number | undefined };
}

function serviceAccountTokens(
  { serviceAccounts, clock }: ApiServerOptions,
  reader: ObjectReader,
  refresh: () => Promise<void>,
): ServiceAccountTokens {
  const signingKey = readSigningKey(serviceAccounts.signingKey);
  return createServiceAccountTokens({
    issuers: serviceAccounts.issuers,
    ...(serviceAccounts.audiences.length === 0 ? {} : { audiences: serviceAccounts.audiences }),
    keys: [signingKey, ...serviceAccounts.verificationKeys.flatMap(readPublicKeys)],
    signingKey,
    reader,
    clock,
    refresh,
  });
}

/** `refresh` brings `reader` up to now. */
export function createIdentity(
  options: ApiServerOptions,
  reader: ObjectReader,
  refresh: () => Promise<void>,
): Identity {
  const { clock, clientCa, frontProxy, serviceAccounts, isAnonymousAllowed = true } = options;
  const tokens = serviceAccountTokens(options, reader, refresh);
  const { apiAudiences } = tokens;
  const tokenAuthenticator = anyTokenAuthenticator([
    ...(options.staticTokens === undefined ? [] : [staticTokens(options.staticTokens, apiAudiences)]),
    tokens,
    ...(options.areBootstrapTokensAllowed === true ? [bootstrapTokens({ reader, clock, apiAudiences })] : []),
  ]);
  return {
    authenticator: createAuthenticator({ clock, tokens: tokenAuthenticator, isAnonymousAllowed, clientCa, frontProxy }),
    tokenAuthenticator,
    tokens,
    tokenLifetimes: {
      isExtended: serviceAccounts.isExpirationExtended ?? true,
      maxSeconds: serviceAccounts.maxExpirationSeconds,
    },
  };
}

/** What TLS checks client certificates against: all authorities together. */
export function clientAuthorities({ clientCa, frontProxy }: ApiServerOptions): string[] {
  return [clientCa, frontProxy?.clientCa].filter((pem) => pem !== undefined);
}
