import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer, request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { systemClock } from "../../shared/process/clock.ts";
import { createCertificateAuthority, issueCertificate } from "../../shared/process/pki.ts";
import { StatusError } from "../../shared/errors/status-error.ts";
import { type Authenticator, createAuthenticator } from "./authenticate.ts";
import { withoutBearerProtocols } from "./credentials.ts";
import type { TokenAuthenticator } from "./token-authenticator.ts";
import type { UserInfo } from "./user.ts";

const builder: UserInfo = { name: "system:serviceaccount:ci:builder", uid: "", groups: [], extra: {} };
const tokens: TokenAuthenticator = {
  authenticateToken: async (token) =>
    token === "good" ? { kind: "user", user: builder, audiences: [] } : { kind: "unknown" },
};
const options = { clock: systemClock, tokens, isAnonymousAllowed: true };

interface Answer {
  readonly code: number;
  readonly user: UserInfo | undefined;
}
interface Ask {
  readonly path?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly certificate?: { cert: string; key: string };
}

/** Runs a TLS server that answers whom it sees. */
async function withServer<T>(
  authenticator: Authenticator,
  use: (
    ask: (request: Ask) => Promise<Answer>,
    issue: (name: string, groups: string[], isOurs?: boolean) => Promise<{ cert: string; key: string }>,
  ) => Promise<T>,
  authorities: string[] = [],
): Promise<T> {
  const ca = await createCertificateAuthority("test-ca");
  const strangers = await createCertificateAuthority("test-ca");
  const serving = await issueCertificate(ca, { commonName: "server", dnsNames: ["localhost"], usages: ["server"] });
  const answer = async (request: IncomingMessage): Promise<Answer> => {
    try {
      const user = await authenticator.authenticate(request);
      return { code: user === undefined ? 401 : 200, user };
    } catch (error) {
      if (error instanceof StatusError) return { code: error.code, user: undefined };
      throw error;
    }
  };
  const server = createServer(
    {
      cert: serving.certificate,
      key: serving.key,
      ca: [ca.certificate, ...authorities],
      requestCert: true,
      rejectUnauthorized: false,
    },
    (request, response) => void answer(request).then((found) => response.end(JSON.stringify(found))),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const ask = async ({ path = "/api", headers = {}, certificate }: Ask): Promise<Answer> => {
    const request = httpsRequest({
      host: "127.0.0.1",
      servername: "localhost",
      port,
      path,
      headers,
      ca: ca.certificate,
      agent: false,
      ...certificate,
    });
    request.end();
    const [response] = (await once(request, "response")) as [IncomingMessage];
    return JSON.parse(Buffer.concat(await response.toArray()).toString()) as Answer;
  };
  const issue = async (name: string, groups: string[], isOurs = true): Promise<{ cert: string; key: string }> => {
    const issued = await issueCertificate(isOurs ? ca : strangers, {
      commonName: name,
      organizations: groups,
      usages: ["client"],
    });
    return { cert: issued.certificate, key: issued.key };
  };
  try {
    return await use(ask, issue);
  } finally {
    server.close();
  }
}

describe("authentication", () => {
  it("takes user and groups from a client certificate of our CA", async () => {
    await withServer(createAuthenticator(options), async (ask, issue) => {
      const { code, user } = await ask({ certificate: await issue("kubernetes-admin", ["system:masters", "ops"]) });
      expect(code).toBe(200);
      expect(user).toMatchObject({ name: "kubernetes-admin", uid: "" });
      expect([...(user?.groups ?? [])].sort()).toEqual(["ops", "system:authenticated", "system:masters"]);
      expect(user?.extra["authentication.kubernetes.io/credential-id"]?.[0]).toMatch(/^X509SHA256=[0-9a-f]{64}$/);
    });
  });

  it("refuses certificates of others, and good ones that have expired", async () => {
    await withServer(createAuthenticator(options), async (ask, issue) => {
      expect((await ask({ certificate: await issue("evil", ["system:masters"], false) })).code).toBe(401);
      expect((await ask({ path: "/healthz", certificate: await issue("evil", [], false) })).code).toBe(401);
    });
    const future = { ...systemClock, nowMs: () => systemClock.nowMs() + 100 * 365 * 86_400_000 };
    await withServer(createAuthenticator({ ...options, clock: future }), async (ask, issue) => {
      expect((await ask({ certificate: await issue("late", []) })).code).toBe(401);
    });
  });

  it("takes bearer tokens from the header and from a WebSocket subprotocol", async () => {
    await withServer(createAuthenticator(options), async (ask) => {
      expect((await ask({ headers: { authorization: "Bearer good" } })).user).toEqual(builder);
      const encoded = Buffer.from("good").toString("base64url");
      const protocols = `v4.channel.k8s.io, base64url.bearer.authorization.k8s.io.${encoded}`;
      expect((await ask({ headers: { "sec-websocket-protocol": protocols } })).user).toEqual(builder);
      for (const authorization of ["Bearer bad", "Basic good", "Bearer", "good"]) {
        expect((await ask({ headers: { authorization } })).code).toBe(401);
      }
    });
    expect(withoutBearerProtocols(["v4.channel.k8s.io", "base64url.bearer.authorization.k8s.io.abc"])).toEqual([
      "v4.channel.k8s.io",
    ]);
  });

  it("takes those without credentials for anonymous, unless that is switched off, and never those with bad ones", async () => {
    await withServer(createAuthenticator(options), async (ask) => {
      for (const path of ["/healthz", "/livez?verbose", "/api/v1/namespaces"]) {
        expect((await ask({ path })).user).toMatchObject({
          name: "system:anonymous",
          groups: ["system:unauthenticated"],
        });
      }
      expect((await ask({ path: "/healthz", headers: { authorization: "Bearer bad" } })).code).toBe(401);
    });
    await withServer(createAuthenticator({ ...options, isAnonymousAllowed: false }), async (ask) => {
      for (const path of ["/healthz", "/version", "/api/v1/namespaces"]) expect((await ask({ path })).code).toBe(401);
      expect((await ask({ headers: { authorization: "Bearer good" } })).code).toBe(200);
    });
  });
});

describe("a front proxy", () => {
  const speak = {
    "x-remote-user": "alice",
    "x-remote-uid": "42",
    "x-remote-group": ["ops, all", "dev"],
    "x-remote-extra-scopes.example%2eorg": "view",
  };

  /** A server that trusts `users` for client certificates and `proxies` for front proxies. */
  async function withProxy(
    use: (
      ask: (request: Ask) => Promise<Answer>,
      issue: (signer: "users" | "proxies", name: string) => Promise<{ cert: string; key: string }>,
    ) => Promise<void>,
    same = false,
  ): Promise<void> {
    const users = await createCertificateAuthority("users");
    const proxies = same ? users : await createCertificateAuthority("proxies");
    const frontProxy = {
      clientCa: proxies.certificate,
      allowedNames: ["front-proxy-client"],
      usernameHeaders: ["X-Remote-User"],
      uidHeaders: ["X-Remote-Uid"],
      groupHeaders: ["X-Remote-Group"],
      extraHeaderPrefixes: ["X-Remote-Extra-"],
    };
    const authenticator = createAuthenticator({ ...options, clientCa: users.certificate, frontProxy });
    const issue = async (signer: "users" | "proxies", commonName: string) => {
      const pair = await issueCertificate(signer === "users" ? users : proxies, { commonName, usages: ["client"] });
      return { cert: pair.certificate, key: pair.key };
    };
    await withServer(authenticator, (ask) => use(ask, issue), [users.certificate, proxies.certificate]);
  }

  it("is believed when it says for whom it speaks", async () => {
    await withProxy(async (ask, issue) => {
      const { user } = await ask({ headers: speak, certificate: await issue("proxies", "front-proxy-client") });
      expect(user).toEqual({
        name: "alice",
        uid: "42",
        groups: ["ops, all", "dev", "system:authenticated"],
        extra: { "scopes.example.org": ["view"] },
      });
    });
  });

  it("is nobody without such headers, under another name, and others are not believed", async () => {
    await withProxy(async (ask, issue) => {
      expect((await ask({ certificate: await issue("proxies", "front-proxy-client") })).code).toBe(401);
      expect((await ask({ headers: speak, certificate: await issue("proxies", "evil") })).code).toBe(401);
      expect((await ask({ headers: speak, certificate: await issue("users", "front-proxy-client") })).user?.name).toBe(
        "front-proxy-client",
      );
      expect((await ask({ headers: speak })).user?.name).toBe("system:anonymous");
      const bearer = { authorization: "Bearer good" };
      expect((await ask({ headers: bearer, certificate: await issue("proxies", "evil") })).user).toEqual(builder);
    });
  });

  it("may share its authority with users", async () => {
    await withProxy(async (ask, issue) => {
      expect((await ask({ certificate: await issue("users", "bob") })).user?.name).toBe("bob");
      expect((await ask({ headers: speak, certificate: await issue("users", "bob") })).user?.name).toBe("bob");
      expect((await ask({ headers: speak, certificate: await issue("users", "front-proxy-client") })).user?.name).toBe(
        "alice",
      );
    }, true);
  });
});
