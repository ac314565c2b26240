/**
 * Tokens for projected volumes, asked for when they are needed and renewed long before they expire.
 * Upstream: `pkg/kubelet/token`.
 */
import type { TokenRequest } from "../../shared/api/generated/authentication/v1.ts";
import type { Pod, ServiceAccount, ServiceAccountTokenProjection } from "../../shared/api/generated/core/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { type Clock, rfc3339 } from "../../shared/process/clock.ts";
import { serviceAccounts } from "../../shared/resources/catalog.ts";

const DEFAULT_EXPIRATION_SECONDS = 3600;
/** A token is renewed after this part of its life, or after a day. */
const RENEW_AT = 0.8;
const RENEW_AFTER_MS = 24 * 3_600_000;
/** Tokens of one moment are not all renewed in one moment. */
const RENEW_SPREAD_MS = 10_000;

export interface ServiceAccountToken {
  readonly token: string;
  readonly expirationTimestamp: string;
}

interface KnownToken extends ServiceAccountToken {
  readonly renewAtMs: number;
  readonly expiresAtMs: number;
}

export class ServiceAccountTokens {
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #known = new Map<string, KnownToken>();

  constructor(client: ApiClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** An old token is better than none: a renewal that fails is tried again with the next look. */
  async token(pod: Pod, projection: Omit<ServiceAccountTokenProjection, "path">): Promise<ServiceAccountToken> {
    const { audience = "", expirationSeconds = DEFAULT_EXPIRATION_SECONDS } = projection;
    const key = `${pod.metadata.uid ?? ""}/${audience}/${expirationSeconds}`;
    const known = this.#known.get(key);
    if (known !== undefined && this.#clock.nowMs() < known.renewAtMs) return known;
    try {
      const fresh = await this.#request(pod, audience, expirationSeconds);
      this.#known.set(key, fresh);
      return fresh;
    } catch (error) {
      if (known !== undefined && this.#clock.nowMs() < known.expiresAtMs) return known;
      throw error;
    }
  }

  forget(podUid: string): void {
    for (const key of this.#known.keys()) if (key.startsWith(`${podUid}/`)) this.#known.delete(key);
  }

  async #request({ metadata, spec }: Pod, audience: string, expirationSeconds: number): Promise<KnownToken> {
    const at = { namespace: metadata.namespace, name: spec.serviceAccountName ?? "default" };
    const body = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: {
        audiences: audience === "" ? [] : [audience],
        expirationSeconds,
        boundObjectRef: { apiVersion: "v1", kind: "Pod", name: metadata.name, uid: metadata.uid ?? "" },
      },
    };
    const { status } = await this.#client.writeSubresource<ServiceAccount, typeof body, TokenRequest>(
      serviceAccounts,
      at,
      "token",
      "POST",
      body,
    );
    if (status?.token === undefined) throw new Error(`failed to fetch token: the server answered none`);
    return this.#dated(status.token, status.expirationTimestamp, expirationSeconds);
  }

  /** The server says how long the token lives: it may be more or less than was asked for. */
  #dated(token: string, told: string | undefined, askedSeconds: number): KnownToken {
    const nowMs = this.#clock.nowMs();
    const expirationTimestamp = told ?? rfc3339(nowMs + askedSeconds * 1000);
    const expiresAtMs = Date.parse(expirationTimestamp);
    const lifeMs = Math.min((expiresAtMs - nowMs) * RENEW_AT, RENEW_AFTER_MS);
    const spreadMs = Math.min(RENEW_SPREAD_MS, lifeMs / 10) * this.#clock.random();
    return { token, expirationTimestamp, expiresAtMs, renewAtMs: nowMs + lifeMs - spreadMs };
  }
}
