import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition,
} from "../../../shared/api/generated/certificates/v1.ts";

export function conditionsOf(request: CertificateSigningRequest | undefined): CertificateSigningRequestCondition[] {
  return request?.status?.conditions ?? [];
}

export function conditionsOfType(
  request: CertificateSigningRequest,
  type: string,
): CertificateSigningRequestCondition[] {
  return conditionsOf(request).filter((condition) => condition.type === type);
}

/** Puts conditions of these types back as they were, unless there are more or fewer now: that is for validation. */
export function keepConditions(
  next: CertificateSigningRequest,
  previous: CertificateSigningRequest,
  types: readonly string[],
): void {
  for (const type of types) {
    const before = conditionsOfType(previous, type);
    if (before.length !== conditionsOfType(next, type).length) continue;
    let index = 0;
    for (const [at, condition] of conditionsOf(next).entries()) {
      const old = before[index];
      if (condition.type !== type || old === undefined) continue;
      conditionsOf(next)[at] = old;
      index++;
    }
  }
}

/** Fills in the times that a client left out. */
export function stampConditions(
  next: CertificateSigningRequest,
  previous: CertificateSigningRequest,
  now: string,
): void {
  for (const condition of conditionsOf(next)) {
    condition.lastUpdateTime ??= now;
    condition.lastTransitionTime ??=
      conditionsOf(previous).find(({ type, status }) => type === condition.type && status === condition.status)
        ?.lastTransitionTime ?? now;
  }
}
