/**
 * Tokens for projected volumes: asked for once and again before they expire. Upstream: `pkg/kubelet/token`.
 */
import type { TokenRequest } from "../../shared/api/generated/authentication/v1.ts";
import type { Pod, ServiceAccount, ServiceAccountTokenProjection } from "../../shared/api/generated/core/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import type { Clock } from "../../shared/process/clock.ts";
import { serviceAccounts } from "../../shared/resources/catalog.ts";

const DEFAULT_EXPIRATION_SECONDS = 3600;
/** A token is renewed after this part of its life, or after a day. */
const RENEW_AT = 0.8;
const RENEW_AFTER_MS = 24 * 3_600_000;

interface KnownToken {
  readonly token: string;
  readonly renewAtMs: number;
}

export class ServiceAccountTokens {
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #known = new Map<string, KnownToken>();

  constructor(client: ApiClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  async token(pod: Pod, projection: ServiceAccountTokenProjection): Promise<string> {
    const { audience = "", expirationSeconds = DEFAULT_EXPIRATION_SECONDS } = projection;
    const key = `${pod.metadata.uid ?? ""}/${audience}/${expirationSeconds}`;
    const known = this.#known.get(key);
    const nowMs = this.#clock.nowMs();
    if (known !== undefined && nowMs < known.renewAtMs) return known.token;
    const fresh = await this.#request(pod, audience, expirationSeconds);
    const lifeMs = expirationSeconds * 1000;
    this.#known.set(key, { token: fresh, renewAtMs: nowMs + Math.min(lifeMs * RENEW_AT, RENEW_AFTER_MS) });
    return fresh;
  }

  forget(podUid: string): void {
    for (const key of this.#known.keys()) if (key.startsWith(`${podUid}/`)) this.#known.delete(key);
  }

  async #request({ metadata, spec }: Pod, audience: string, expirationSeconds: number): Promise<string> {
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
    const answer = await this.#client.writeSubresource<ServiceAccount, typeof body, TokenRequest>(
      serviceAccounts,
      at,
      "token",
      "POST",
      body,
    );
    const token = answer.status?.token;
    if (token === undefined) throw new Error(`failed to fetch token: the server answered none`);
    return token;
  }
}
