import type { Secret, ServiceAccount } from "../../../shared/api/generated/core/v1.ts";
import { planTokenSecret, TOKEN_SECRET_TYPE } from "./plan.ts";

const account: ServiceAccount = { metadata: { name: "builder", namespace: "ci", uid: "u1" } };
const secret = (annotations: Record<string, string> = {}, data?: Secret["data"]): Secret => ({
  metadata: {
    name: "t",
    namespace: "ci",
    annotations: { "kubernetes.io/service-account.name": "builder", ...annotations },
  },
  type: TOKEN_SECRET_TYPE,
  data,
});
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const OWN_UID = { "kubernetes.io/service-account.uid": "u1" };
const FULL = { token: base64("x"), namespace: base64("ci"), "ca.crt": base64("PEM") };

describe("a Secret for a token", () => {
  it("is filled with token, namespace and CA, and says whose it is", () => {
    expect(planTokenSecret(secret(), account, "PEM")).toEqual({
      kind: "fill",
      claims: {
        iss: "kubernetes/serviceaccount",
        "kubernetes.io/serviceaccount/namespace": "ci",
        "kubernetes.io/serviceaccount/secret.name": "t",
        "kubernetes.io/serviceaccount/service-account.name": "builder",
        "kubernetes.io/serviceaccount/service-account.uid": "u1",
        sub: "system:serviceaccount:ci:builder",
      },
      filled: secret(OWN_UID, { namespace: FULL.namespace, "ca.crt": FULL["ca.crt"] }),
    });
  });

  it("keeps its token when only the CA is another one", () => {
    const step = planTokenSecret(secret(OWN_UID, FULL), account, "NEW");
    expect(step).toMatchObject({ kind: "fill", claims: undefined, filled: { data: { token: FULL.token } } });
  });

  it("is left alone once it has all", () => {
    expect(planTokenSecret(secret(OWN_UID, FULL), account, "PEM")).toEqual({ kind: "nothing" });
    expect(planTokenSecret(secret(OWN_UID, FULL), account, undefined)).toEqual({ kind: "nothing" });
  });

  it("goes with its account", () => {
    expect(planTokenSecret(secret(OWN_UID, FULL), undefined, "PEM")).toEqual({ kind: "delete" });
    const other = { metadata: { ...account.metadata, uid: "u2" } };
    expect(planTokenSecret(secret(OWN_UID, FULL), other, "PEM")).toEqual({ kind: "delete" });
  });

  it("of another type, or on its way out, is nobody's business here", () => {
    expect(planTokenSecret({ ...secret(), type: "Opaque" }, undefined, "PEM")).toEqual({ kind: "nothing" });
    const going = secret();
    going.metadata.deletionTimestamp = "2026-01-01T00:00:00Z";
    expect(planTokenSecret(going, undefined, "PEM")).toEqual({ kind: "nothing" });
  });
});
