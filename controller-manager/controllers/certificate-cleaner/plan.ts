/** Which certificate requests have served their time (upstream: `pkg/controller/certificates/cleaner/cleaner.go`). */
import type { CertificateSigningRequest } from "../../../shared/api/generated/certificates/v1.ts";
import { conditionsOfType, isIssued } from "../../certificates/request-state.ts";

const HOUR_MS = 60 * 60 * 1000;
/** After a decision. */
const DECIDED_MS = HOUR_MS;
/** Without any. */
const PENDING_MS = 24 * HOUR_MS;

const isOlder = (time: string | undefined, ageMs: number, nowMs: number): boolean =>
  time !== undefined && nowMs - Date.parse(time) > ageMs;

/** `certificateEndMs` tells when an issued certificate ends. */
export function isOutdated(
  request: CertificateSigningRequest,
  certificateEndMs: (base64: string) => number,
  nowMs: number,
): boolean {
  const wasSince = (type: string): boolean =>
    conditionsOfType(request, type).some(({ lastUpdateTime }) => isOlder(lastUpdateTime, DECIDED_MS, nowMs));
  if (wasSince("Denied") || wasSince("Failed")) return true;
  if (isIssued(request)) {
    return wasSince("Approved") || certificateEndMs(request.status?.certificate ?? "") < nowMs;
  }
  const isPending = (request.status?.conditions ?? []).length === 0;
  return isPending && isOlder(request.metadata.creationTimestamp, PENDING_MS, nowMs);
}
