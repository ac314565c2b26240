import type { ConfigMap, Secret } from "../../../shared/api/generated/core/v1.ts";
import { planSignatures } from "./plan.ts";

const NOW_MS = Date.parse("2026-01-01T00:00:00Z");
const sign = (content: string, id: string, secret: string): string => `${content}/${id}/${secret}`;
const base64 = (text: string): string => Buffer.from(text).toString("base64");

function token(id: string, more: Record<string, string> = {}): Secret {
  const data = { "token-id": id, "token-secret": `secret-${id}`, "usage-bootstrap-signing": "true", ...more };
  return {
    metadata: { name: `bootstrap-token-${id}`, namespace: "kube-system" },
    type: "bootstrap.kubernetes.io/token",
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)])),
  };
}
const map = (data: Record<string, string>): ConfigMap => ({
  metadata: { name: "cluster-info", namespace: "kube-public" },
  data,
});

describe("cluster-info", () => {
  it("is signed by every token that may, and loses signatures of those that may no more", () => {
    const tokens = [
      token("aaaaaa"),
      token("bbbbbb", { "usage-bootstrap-signing": "false" }),
      token("cccccc", { expiration: "2025-12-31T00:00:00Z" }),
      token("dddddd", { "token-secret": "" }),
    ];
    const signed = planSignatures(
      map({ kubeconfig: "K", other: "O", "jws-kubeconfig-bbbbbb": "old" }),
      tokens,
      sign,
      NOW_MS,
    );
    expect(signed?.data).toEqual({ kubeconfig: "K", other: "O", "jws-kubeconfig-aaaaaa": "K/aaaaaa/secret-aaaaaa" });
    expect(planSignatures(signed, tokens, sign, NOW_MS)).toBeUndefined();
  });

  it("without a content, or when it is not there, is not signed", () => {
    expect(planSignatures(undefined, [token("aaaaaa")], sign, NOW_MS)).toBeUndefined();
    expect(planSignatures(map({ other: "O" }), [token("aaaaaa")], sign, NOW_MS)).toBeUndefined();
  });
});
