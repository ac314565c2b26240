import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer, request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { systemClock } from "../../shared/process/clock.ts";
import { createCertificateAuthority, issueCertificate } from "../../shared/process/pki.ts";
import { StatusError } from "../../shared/errors/status-error.ts";
import { type Authenticator, createAuthenticator } from "./authenticate.ts";
import { withoutBearerProtocols } from "./credentials.ts";
import type { UserInfo } from "./user.ts";

const builder: UserInfo = { name: "system:serviceaccount:ci:builder", uid: "", groups: [], extra: {} };
const tokens = { authenticateToken: async (token: string) => (token === "good" ? builder : undefined) };

interface Answer {
  readonly code: number;
  readonly user: UserInfo | undefined;
}
interface Ask {
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly certificate?: { cert: string; key: string };
}

/** Runs a TLS server that answers whom it sees. */
async function withServer<T>(
  authenticator: Authenticator,
  use: (
    ask: (request: Ask) => Promise<Answer>,
    issue: (name: string, groups: string[], isOurs?: boolean) => Promise<{ cert: string; key: string }>,
  ) => Promise<T>,
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
    { cert: serving.certificate, key: serving.key, ca: ca.certificate, requestCert: true, rejectUnauthorized: false },
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
    await withServer(createAuthenticator({ clock: systemClock, tokens }), async (ask, issue) => {
      const { code, user } = await ask({ certificate: await issue("kubernetes-admin", ["system:masters", "ops"]) });
      expect(code).toBe(200);
      expect(user).toMatchObject({ name: "kubernetes-admin", uid: "" });
      expect([...(user?.groups ?? [])].sort()).toEqual(["ops", "system:authenticated", "system:masters"]);
      expect(user?.extra["authentication.kubernetes.io/credential-id"]?.[0]).toMatch(/^X509SHA256=[0-9a-f]{64}$/);
    });
  });

  it("refuses certificates of others, and good ones that have expired", async () => {
    await withServer(createAuthenticator({ clock: systemClock, tokens }), async (ask, issue) => {
      expect((await ask({ certificate: await issue("evil", ["system:masters"], false) })).code).toBe(401);
      expect((await ask({ path: "/healthz", certificate: await issue("evil", [], false) })).code).toBe(401);
    });
    const future = { ...systemClock, nowMs: () => systemClock.nowMs() + 100 * 365 * 86_400_000 };
    await withServer(createAuthenticator({ clock: future, tokens }), async (ask, issue) => {
      expect((await ask({ certificate: await issue("late", []) })).code).toBe(401);
    });
  });

  it("takes bearer tokens from the header and from a WebSocket subprotocol", async () => {
    await withServer(createAuthenticator({ clock: systemClock, tokens }), async (ask) => {
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

  it("lets nobody in anonymously but on health paths", async () => {
    await withServer(createAuthenticator({ clock: systemClock, tokens }), async (ask) => {
      for (const path of ["/healthz", "/livez?verbose", "/readyz/etcd"]) {
        expect((await ask({ path })).user?.name).toBe("system:anonymous");
      }
      for (const path of ["/", "/version", "/healthzz", "/api/v1/namespaces"])
        expect((await ask({ path })).code).toBe(401);
      expect((await ask({ path: "/healthz", headers: { authorization: "Bearer bad" } })).code).toBe(401);
    });
  });
});
