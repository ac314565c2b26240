/** Has a certificate signed by the cluster. Upstream: `client-go/util/certificate/csr`. */
import type { CertificateSigningRequest } from "../../shared/api/generated/certificates/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import type { RequestSubject } from "../../shared/process/certificate-request.ts";
import type { Clock } from "../../shared/process/clock.ts";
import { certificateSigningRequests } from "../../shared/resources/catalog.ts";

export interface CertificateWish {
  readonly subject: RequestSubject;
  readonly signerName: string;
  readonly usages: readonly string[];
}

const POLL_MS = 500;
/** Somebody may have to approve it by hand; after this time a new request is made. */
const WAIT_MS_MAX = 15 * 60_000;

/** Rejects when the request is denied, fails or is not signed in time, and when `signal` aborts. */
export async function requestCertificate(
  client: ApiClient,
  { subject, signerName, usages }: CertificateWish,
  clock: Clock,
  signal: AbortSignal,
): Promise<{ readonly certificate: string; readonly key: string }> {
  // Loaded only here: a kubelet that asks for nothing saves the memory.
  const { createCertificateRequest } = await import("../../shared/process/certificate-request.ts");
  const { request, key } = await createCertificateRequest(subject);
  const { metadata } = await client.create(certificateSigningRequests, {
    metadata: { generateName: "csr-" },
    spec: { request: Buffer.from(request).toString("base64"), signerName, usages: [...usages] },
  });
  const untilMs = clock.monotonicMs() + WAIT_MS_MAX;
  while (!signal.aborted && clock.monotonicMs() < untilMs) {
    const certificate = signedBy(await client.get(certificateSigningRequests, { name: metadata.name }, signal));
    if (certificate !== undefined) return { certificate, key };
    await clock.sleep(POLL_MS, signal);
  }
  throw new Error(`certificate signing request ${metadata.name} was not signed in time`);
}

/** Undefined while it is waited for; throws when it never will be. */
function signedBy({ metadata, status }: CertificateSigningRequest): string | undefined {
  for (const { type, reason = "", message = "" } of status?.conditions ?? []) {
    if (type === "Denied" || type === "Failed") {
      throw new Error(
        `certificate signing request ${metadata.name} is ${type.toLowerCase()}, reason: ${reason}, message: ${message}`,
      );
    }
  }
  const data = status?.certificate ?? "";
  return data === "" ? undefined : Buffer.from(data, "base64").toString("utf8");
}
