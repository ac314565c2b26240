import type { ApiClient } from "../../shared/client/api-client.ts";
import { rfc3339 } from "../../shared/process/clock.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { aPod } from "../../test/support/pod-builders.ts";
import { ServiceAccountTokens } from "./service-account-tokens.ts";

const HOUR_MS = 3_600_000;
const clock = new ManualClock();
let asked: { audiences: string[]; expirationSeconds: number }[];
let lifeMs: number;
let isDown: boolean;
let tokens: ServiceAccountTokens;

beforeEach(() => {
  asked = [];
  lifeMs = HOUR_MS;
  isDown = false;
  const writeSubresource = async (_resource: unknown, _at: unknown, _name: string, _method: string, body: unknown) => {
    if (isDown) throw new Error("the server is down");
    asked.push((body as { spec: (typeof asked)[number] }).spec);
    return { status: { token: `token-${asked.length}`, expirationTimestamp: rfc3339(clock.nowMs() + lifeMs) } };
  };
  tokens = new ServiceAccountTokens({ writeSubresource } as unknown as ApiClient, clock);
});

const ask = async (audience = "", pod = aPod()): Promise<string> => (await tokens.token(pod, { audience })).token;

it("asks once for each pod and audience", async () => {
  expect([await ask(), await ask(), await ask("vault")]).toEqual(["token-1", "token-1", "token-2"]);
  expect(asked).toMatchObject([{ audiences: [], expirationSeconds: 3600 }, { audiences: ["vault"] }]);
  tokens.forget("uid-1");
  expect(await ask()).toBe("token-3");
});

it("renews at four fifths of a life, as long as the server says it is", async () => {
  await ask();
  await clock.advance(0.79 * HOUR_MS - 10_000);
  expect(await ask()).toBe("token-1");
  await clock.advance(0.01 * HOUR_MS + 10_000);
  expect(await ask()).toBe("token-2");
  lifeMs = 10 * 24 * HOUR_MS;
  await clock.advance(HOUR_MS);
  expect(await ask()).toBe("token-3");
  await clock.advance(23 * HOUR_MS);
  expect(await ask()).toBe("token-3");
  await clock.advance(HOUR_MS);
  expect(await ask()).toBe("token-4");
});

it("keeps a token that still lives when it cannot be renewed", async () => {
  await ask();
  isDown = true;
  await clock.advance(0.9 * HOUR_MS);
  expect(await ask()).toBe("token-1");
  await clock.advance(0.2 * HOUR_MS);
  await expect(ask()).rejects.toThrow("the server is down");
});
