import type { IncomingMessage } from "node:http";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { readConfiguration } from "../configuration/read-configuration.ts";
import { createKubeletAccess } from "./kubelet-authentication.ts";

/** An API that knows one token, and lets its user read metrics. */
function fakeApi(): { client: ApiClient; asked: string[] } {
  const asked: string[] = [];
  const create = async (
    resource: { kind: string },
    draft: { spec: { token?: string; user?: string; resourceAttributes?: { subresource?: string; verb?: string } } },
  ): Promise<unknown> => {
    const { spec } = draft;
    if (resource.kind === "TokenReview") {
      asked.push("token");
      const isKnown = spec.token === "good";
      return { status: { authenticated: isKnown, user: { username: "prometheus", groups: ["g"] } } };
    }
    const { subresource = "", verb = "" } = spec.resourceAttributes ?? {};
    asked.push(`${spec.user ?? ""} ${verb} ${subresource}`);
    return { status: { allowed: subresource === "metrics" } };
  };
  return { client: { create } as unknown as ApiClient, asked };
}

const request = (authorization?: string): IncomingMessage =>
  ({ headers: authorization === undefined ? {} : { authorization }, socket: {} }) as unknown as IncomingMessage;

function access(settings: Record<string, unknown> = {}) {
  const { client, asked } = fakeApi();
  const clock = new ManualClock();
  const configuration = readConfiguration([], settings);
  return { subject: createKubeletAccess({ client, nodeName: "n", clock, configuration }), asked, clock };
}

describe("who calls the kubelet", () => {
  it("is nobody without a credential, unless anonymous calls are allowed", async () => {
    expect(await access().subject.authenticate(request())).toBeUndefined();
    const open = access({ "authentication.anonymous.enabled": true });
    expect(await open.subject.authenticate(request())).toEqual({
      name: "system:anonymous",
      groups: ["system:unauthenticated"],
    });
    expect(await open.subject.authenticate(request("Bearer bad"))).toBeUndefined();
  });

  it("is asked of the API by token, once in the time that is configured", async () => {
    const { subject, asked, clock } = access({ "authentication.webhook.cacheTTL": 1000 });
    expect(await subject.authenticate(request("Bearer good"))).toMatchObject({ name: "prometheus", groups: ["g"] });
    await subject.authenticate(request("bearer good"));
    expect(asked).toEqual(["token"]);
    await clock.advance(1001);
    await subject.authenticate(request("Bearer good"));
    expect(asked).toEqual(["token", "token"]);
    expect(await subject.authenticate(request("Bearer bad"))).toBeUndefined();
  });

  it("is not asked of the API when tokens are not accepted", async () => {
    const { subject, asked } = access({ "authentication.webhook.enabled": false });
    expect(await subject.authenticate(request("Bearer good"))).toBeUndefined();
    expect(asked).toEqual([]);
  });
});

describe("what they may", () => {
  const user = { name: "u", groups: [] };
  it("is asked of the API, the finest subresource first", async () => {
    const { subject, asked } = access();
    expect(await subject.authorize(user, "GET", "/metrics/cadvisor")).toBe(true);
    expect(await subject.authorize(user, "GET", "/pods")).toBe(false);
    expect(await subject.authorize(user, "POST", "/run/a/b/c")).toBe(false);
    expect(asked).toEqual(["u get metrics", "u get pods", "u get proxy", "u create proxy"]);
  });

  it("is not asked when everything is allowed", async () => {
    const { subject, asked } = access({ "authorization.mode": "AlwaysAllow" });
    expect(await subject.authorize(user, "POST", "/run/a/b/c")).toBe(true);
    expect(asked).toEqual([]);
  });
});
