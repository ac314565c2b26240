/** Who one is and what one may do, through unmodified kubectl, openssl and curl: certificates, tokens, nodes, proxies. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import "reflect-metadata";
import { type RunningControllerManager, run as runControllers } from "../../controller-manager/run.ts";
import { DEFAULT_SETTINGS } from "../../controller-manager/settings.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import { createCertificateAuthority, createServiceAccountKey, issueCertificate } from "../../shared/process/pki.ts";
import { type ApiServerProcess, startApiServerProcess } from "../support/api-server-process.ts";
import { writeKubeconfig } from "../support/kubeconfig-file.ts";
import { type Kubectl, type KubectlResult, kubectlFor } from "../support/kubectl.ts";
import { manifest } from "../support/manifests.ts";
import { until } from "../support/until.ts";

const MINUTE_MS = 60_000;
const RBAC = "rbac.authorization.k8s.io/v1";
const ISSUER = "https://kubernetes.default.svc.cluster.local";
const BOOTSTRAP_TOKEN = "abcdef.0123456789abcdef";

interface Rule {
  readonly verbs: string[];
  readonly apiGroups?: string[];
  readonly resources?: string[];
  readonly resourceNames?: string[];
}

let server: ApiServerProcess;
let controllers: RunningControllerManager;
let folder = "";
let kubectl: Kubectl;

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "kubectl-auth-"));
  const frontProxy = await createCertificateAuthority("front-proxy-ca");
  const proxy = await issueCertificate(frontProxy, { commonName: "front-proxy-client", usages: ["client"] });
  file("front-proxy.crt", proxy.certificate);
  file("front-proxy.key", proxy.key);
  server = await startApiServerProcess({
    flags: [
      "--enable-bootstrap-token-auth=true",
      `--requestheader-client-ca-file=${file("front-proxy-ca.crt", frontProxy.certificate)}`,
      "--requestheader-allowed-names=front-proxy-client",
      "--requestheader-username-headers=X-Remote-User",
      "--requestheader-group-headers=X-Remote-Group",
      "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    ],
  });
  file("ca.crt", server.authority.certificate);
  controllers = await runControllers({
    access: server.access,
    settings: {
      ...DEFAULT_SETTINGS,
      rootCa: server.authority.certificate,
      signing: { authority: server.authority, maxLifetimeMs: 86_400_000 },
    },
    clock: systemClock,
    logger: silentLogger,
    leaderElect: false,
    identity: "test",
  });
  kubectl = kubectlFor(writeKubeconfig(folder, server.access));
  await until(() => kubectl.run(["get", "serviceaccount", "default"]));
}, 2 * MINUTE_MS);
afterAll(async () => {
  await controllers.stop();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}, MINUTE_MS);

const apply = (...objects: Record<string, unknown>[]): string =>
  kubectl.run(["apply", "-f", "-"], manifest(...objects));
const grant = (name: string, subject: Record<string, string>, rules: Rule[]): string =>
  apply(
    { apiVersion: RBAC, kind: "ClusterRole", metadata: { name }, rules },
    {
      apiVersion: RBAC,
      kind: "ClusterRoleBinding",
      metadata: { name },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
      subjects: [
        { ...(subject["kind"] === "ServiceAccount" ? {} : { apiGroup: "rbac.authorization.k8s.io" }), ...subject },
      ],
    },
  );

/** A kubectl without the administrator's certificate. */
function kubectlWith(
  name: string,
  ...flags: string[]
): { try(...args: string[]): KubectlResult; run(...args: string[]): string } {
  const config = writeKubeconfig(folder, { server: server.access.server, ca: server.authority.certificate }, name);
  const client = kubectlFor(config);
  return { try: (...args) => client.try([...flags, ...args]), run: (...args) => client.run([...flags, ...args]) };
}

interface Self {
  readonly username: string;
  readonly uid?: string;
  readonly groups: string[];
  readonly extra?: Record<string, string[]>;
}
const whoIs = (client: { run(...args: string[]): string }): Self =>
  (JSON.parse(client.run("auth", "whoami", "-o", "json")) as { status: { userInfo: Self } }).status.userInfo;

/** A new key, and a request for a certificate of that subject. */
function certificateRequest(name: string, subject: string): string {
  const key = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-keyout",
    join(folder, `${name}.key`),
  ];
  return execFileSync("openssl", ["req", "-new", "-subj", subject, ...key], {
    stdio: ["ignore", "pipe", "ignore"],
  }).toString("base64");
}
const signingRequest = (name: string, request: string, signerName: string, usages = ["client auth"]) =>
  manifest({
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { name },
    spec: { request, signerName, usages },
  });

/** kubectl by the certificate that was issued for the request of that name. */
async function certified(name: string): Promise<ReturnType<typeof kubectlWith>> {
  const read = (): string => kubectl.run(["get", "csr", name, "-o", "jsonpath={.status.certificate}"]);
  await until(() => read() !== "");
  const certificate = file(`${name}.crt`, Buffer.from(read(), "base64").toString());
  const key = join(folder, `${name}.key`);
  return kubectlWith(`${name}.config`, `--client-certificate=${certificate}`, `--client-key=${key}`);
}

describe("kubectl auth", () => {
  it("can-i: for oneself and for others, for kinds, names, subresources and paths", () => {
    grant("reader", { kind: "User", name: "ann" }, [
      { verbs: ["get", "list"], apiGroups: [""], resources: ["pods", "pods/log"] },
      { verbs: ["update"], apiGroups: ["apps"], resources: ["deployments"], resourceNames: ["web"] },
    ]);
    const mayAnn = (...args: string[]): string => kubectl.try(["auth", "can-i", ...args, "--as=ann"]).stdout.trim();
    expect(kubectl.run(["auth", "can-i", "*", "*"]).trim()).toBe("yes");
    expect(mayAnn("list", "pods")).toBe("yes");
    expect(mayAnn("get", "pods", "--subresource=log")).toBe("yes");
    expect(mayAnn("delete", "pods")).toBe("no");
    expect(mayAnn("update", "deployments.apps/web")).toBe("yes");
    expect(mayAnn("update", "deployments.apps/other")).toBe("no");
    expect(mayAnn("get", "/healthz")).toBe("yes");
    expect(mayAnn("get", "/metrics")).toBe("no");
    expect(kubectl.try(["auth", "can-i", "delete", "pods", "--as=ann", "-q"])).toMatchObject({ code: 1, stdout: "" });
    const list = kubectl.run(["auth", "can-i", "--list", "--as=ann"]);
    expect(list).toMatch(/^pods\s+\[\]\s+\[\]\s+\[get list\]$/mu);
    expect(list).toMatch(/^deployments\.apps\s+\[\]\s+\[web\]\s+\[update\]$/mu);
  });

  it("whoami: oneself, and who one acts as", () => {
    expect(kubectl.run(["auth", "whoami"])).toMatch(/^Username\s+kubernetes-admin$/mu);
    const flags = ["--as=ann", "--as-group=dev", "--as-group=ops", "--as-uid=7", "--as-user-extra=acme.io/team=a"];
    expect(whoIs({ run: (...args) => kubectl.run([...flags, ...args]) })).toEqual({
      username: "ann",
      uid: "7",
      groups: ["dev", "ops", "system:authenticated"],
      extra: { "acme.io/team": ["a"] },
    });
  });

  it("reconcile: makes what is missing and adds rules, and takes none away unless told to", () => {
    const role = (resources: string[], verbs: string[]) =>
      manifest({
        apiVersion: RBAC,
        kind: "ClusterRole",
        metadata: { name: "kept" },
        rules: [{ apiGroups: [""], resources, verbs }],
      });
    const rules = (): unknown => kubectl.json<{ rules: unknown }>(["get", "clusterrole", "kept"]).rules;
    expect(kubectl.run(["auth", "reconcile", "-f", "-"], role(["pods"], ["get"]))).toContain(
      "clusterrole.rbac.authorization.k8s.io/kept reconciled",
    );
    kubectl.run(["auth", "reconcile", "-f", "-"], role(["secrets"], ["list"]));
    expect(rules()).toHaveLength(2);
    kubectl.run(["auth", "reconcile", "--remove-extra-permissions", "-f", "-"], role(["secrets"], ["list"]));
    expect(rules()).toEqual([{ apiGroups: [""], resources: ["secrets"], verbs: ["list"] }]);
  });
});

describe("a certificate request", () => {
  it("is shown, approved and signed, and its certificate works", async () => {
    const request = certificateRequest("alice", "/O=dev/CN=alice");
    kubectl.run(["create", "-f", "-"], signingRequest("alice", request, "kubernetes.io/kube-apiserver-client"));
    expect(kubectl.run(["get", "csr", "alice"])).toMatch(
      /^alice\s+\S+\s+kubernetes\.io\/kube-apiserver-client\s+kubernetes-admin\s+<none>\s+Pending$/mu,
    );
    expect(kubectl.run(["certificate", "approve", "alice"])).toContain("alice approved");
    const alice = await certified("alice");
    expect(whoIs(alice)).toMatchObject({ username: "alice", groups: ["dev", "system:authenticated"] });
    expect(kubectl.run(["get", "csr", "alice"])).toMatch(/Approved,Issued$/mu);
    expect(alice.try("get", "secrets").stderr).toContain('User "alice" cannot list resource "secrets" in API group ""');
  });

  it("that is denied stays without a certificate", () => {
    const request = certificateRequest("mallory", "/CN=mallory");
    kubectl.run(["create", "-f", "-"], signingRequest("mallory", request, "kubernetes.io/kube-apiserver-client"));
    expect(kubectl.run(["certificate", "deny", "mallory"])).toContain("mallory denied");
    expect(kubectl.try(["certificate", "approve", "mallory"]).code).toBe(1);
    expect(kubectl.run(["get", "csr", "mallory"])).toMatch(/Denied$/mu);
  });
});

describe("constrained impersonation", () => {
  it("lets somebody act as another for some requests only", async () => {
    const request = certificateRequest("deputy", "/CN=deputy");
    kubectl.run(["create", "-f", "-"], signingRequest("deputy", request, "kubernetes.io/kube-apiserver-client"));
    kubectl.run(["certificate", "approve", "deputy"]);
    grant("deputy", { kind: "User", name: "deputy" }, [
      {
        verbs: ["impersonate:user-info"],
        apiGroups: ["authentication.k8s.io"],
        resources: ["users"],
        resourceNames: ["bob"],
      },
      { verbs: ["impersonate-on:user-info:list"], apiGroups: [""], resources: ["pods"] },
    ]);
    grant("bob", { kind: "User", name: "bob" }, [{ verbs: ["list", "delete"], apiGroups: [""], resources: ["pods"] }]);
    const deputy = await certified("deputy");
    expect(deputy.run("get", "pods", "--as=bob", "-o", "name")).toBe("");
    expect(deputy.try("get", "pods").stderr).toContain('User "deputy" cannot list resource "pods"');
    expect(deputy.try("delete", "pod", "any", "--as=bob").stderr).toContain(
      'User "deputy" cannot impersonate-on:user-info:delete resource "pods" in API group "" in the namespace "default"',
    );
    expect(deputy.try("get", "pods", "--as=ann").stderr).toContain('cannot impersonate:user-info resource "users"');
  });
});

describe("a token of a ServiceAccount", () => {
  const token = (...flags: string[]): string => kubectl.run(["create", "token", "robot", ...flags]).trim();
  const withToken = (text: string) => kubectlWith("token.config", `--token=${text}`);

  beforeAll(() => {
    kubectl.run(["create", "serviceaccount", "robot"]);
  });

  it("says who it is, to the API and to whom it may be shown", () => {
    const self = whoIs(withToken(token("--duration=10m")));
    expect(self).toMatchObject({
      username: "system:serviceaccount:default:robot",
      groups: ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"],
    });
    expect(self.extra?.["authentication.kubernetes.io/credential-id"]?.[0]).toMatch(/^JTI=/u);
    const foreign = token("--audience=vault");
    expect(withToken(foreign).try("auth", "whoami").stderr).toContain("Unauthorized");
    const review = (audiences: string[]): unknown => {
      const object = {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenReview",
        spec: { token: foreign, audiences },
      };
      const answer = kubectl.run(
        ["create", "--raw", "/apis/authentication.k8s.io/v1/tokenreviews", "-f", "-"],
        JSON.stringify(object),
      );
      return (JSON.parse(answer) as { status: unknown }).status;
    };
    expect(review(["vault", "other"])).toMatchObject({ authenticated: true, audiences: ["vault"] });
    expect(review(["other"])).not.toMatchObject({ authenticated: true });
  });

  it("ends with the object that it is bound to", async () => {
    kubectl.run(["create", "secret", "generic", "anchor"]);
    const bound = withToken(token("--bound-object-kind=Secret", "--bound-object-name=anchor"));
    expect(whoIs(bound).username).toBe("system:serviceaccount:default:robot");
    kubectl.run(["delete", "secret", "anchor"]);
    await until(() => bound.try("auth", "whoami").code === 1, 20_000);
    expect(bound.try("auth", "whoami").stderr).toContain("Unauthorized");
    const missing = kubectl.try(["create", "token", "robot", "--bound-object-kind=Secret", "--bound-object-name=no"]);
    expect(missing.stderr).toContain('secrets "no" not found');
    expect(kubectl.try(["create", "token", "robot", "--duration=1m"]).stderr).toContain(
      "may not specify a duration less than 10 minutes",
    );
  });

  it("can be checked by others with what the server publishes", async () => {
    const robot = withToken(token());
    const discovery = JSON.parse(robot.run("get", "--raw", "/.well-known/openid-configuration")) as Record<
      string,
      unknown
    >;
    expect(discovery).toMatchObject({ issuer: ISSUER, id_token_signing_alg_values_supported: ["RS256"] });
    expect(discovery["jwks_uri"]).toMatch(/^https:\/\/.*\/openid\/v1\/jwks$/u);
    const keys = createLocalJWKSet(JSON.parse(robot.run("get", "--raw", "/openid/v1/jwks")) as JSONWebKeySet);
    const { payload } = await jwtVerify(token("--audience=vault"), keys, { issuer: ISSUER, audience: "vault" });
    expect(payload).toMatchObject({
      sub: "system:serviceaccount:default:robot",
      "kubernetes.io": { namespace: "default" },
    });
    const [head, , signature] = token().split(".");
    const forged = `${head}.${Buffer.from(JSON.stringify({ ...payload, sub: "root" })).toString("base64url")}.${signature}`;
    await expect(jwtVerify(forged, keys)).rejects.toThrow("signature verification failed");
    expect(kubectlWith("nobody.config").try("get", "--raw", "/openid/v1/jwks").code).toBe(1);
  });

  it(
    "stays good when the signing key is replaced, until its key is forgotten",
    async () => {
      const old = await createServiceAccountKey();
      const flags = [`--service-account-key-file=${file("old.pub", old.publicKey)}`];
      const signing = `--service-account-signing-key-file=${file("old.key", old.privateKey)}`;
      const storageFlags = ["--storage-backend=sqlite", `--sqlite-file=${join(folder, "rotation.db")}`];
      const seenBy = async (
        more: string[],
        look: (client: Kubectl, loose: (text: string) => KubectlResult) => void,
      ) => {
        const one = await startApiServerProcess({ storageFlags, flags: more });
        try {
          const access = { server: one.access.server, ca: one.authority.certificate };
          const loose = kubectlFor(writeKubeconfig(folder, access, "rotation-loose.config"));
          look(kubectlFor(writeKubeconfig(folder, one.access, "rotation.config")), (text) =>
            loose.try(["auth", "whoami", `--token=${text}`]),
          );
        } finally {
          await one.close();
        }
      };
      const tokens: string[] = [];
      await seenBy([...flags, signing], (client) => {
        client.run(["create", "serviceaccount", "robot"]);
        tokens.push(client.run(["create", "token", "robot"]).trim());
      });
      await seenBy(flags, (client, whoami) => {
        expect(whoami(tokens[0] ?? "").stdout).toContain("system:serviceaccount:default:robot");
        expect(whoami(client.run(["create", "token", "robot"]).trim()).code).toBe(0);
      });
      await seenBy([], (_, whoami) => expect(whoami(tokens[0] ?? "").stderr).toContain("Unauthorized"));
    },
    MINUTE_MS,
  );
});

describe("a node", () => {
  const node = (name: string) => ({ apiVersion: "v1", kind: "Node", metadata: { name } });
  let kubelet: ReturnType<typeof kubectlWith>;

  it("joins by a bootstrap token, and gets a certificate of its own", async () => {
    const text = (value: string): string => Buffer.from(value).toString("base64");
    apply({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "bootstrap-token-abcdef", namespace: "kube-system" },
      type: "bootstrap.kubernetes.io/token",
      data: {
        "token-id": text("abcdef"),
        "token-secret": text("0123456789abcdef"),
        "usage-bootstrap-authentication": text("true"),
      },
    });
    for (const role of [
      "system:node-bootstrapper",
      "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
    ]) {
      kubectl.run([
        "create",
        "clusterrolebinding",
        `join-${role.split(":").at(-1)}`,
        `--clusterrole=${role}`,
        "--group=system:bootstrappers",
      ]);
    }
    const newcomer = kubectlWith("bootstrap.config", `--token=${BOOTSTRAP_TOKEN}`);
    expect(whoIs(newcomer)).toMatchObject({
      username: "system:bootstrap:abcdef",
      groups: ["system:bootstrappers", "system:authenticated"],
    });
    expect(newcomer.try("get", "nodes").code).toBe(1);
    const request = certificateRequest("n1", "/O=system:nodes/CN=system:node:n1");
    const usages = ["digital signature", "client auth"];
    const path = file("n1.json", signingRequest("n1", request, "kubernetes.io/kube-apiserver-client-kubelet", usages));
    newcomer.run("create", "-f", path);
    kubelet = await certified("n1");
    expect(whoIs(kubelet)).toMatchObject({
      username: "system:node:n1",
      groups: ["system:nodes", "system:authenticated"],
    });
  });

  it("may write itself and no other, and not every label", () => {
    kubelet.run("create", "-f", file("node-1.json", manifest(node("n1"))));
    kubelet.run("label", "node", "n1", "topology.kubernetes.io/zone=a");
    expect(kubelet.try("label", "node", "n1", "node-restriction.kubernetes.io/secure=true").stderr).toContain(
      "is not allowed to modify labels: node-restriction.kubernetes.io/secure",
    );
    expect(kubelet.try("create", "-f", file("node-2.json", manifest(node("n2")))).stderr).toContain(
      'node "n1" is not allowed to modify node "n2"',
    );
    apply(node("n2"));
    expect(kubelet.try("label", "node", "n2", "a=b").stderr).toMatch(/forbidden/u);
    expect(kubelet.try("taint", "node", "n1", "a=b:NoSchedule").stderr).toContain("is not allowed to modify taints");
    expect(kubelet.try("delete", "node", "n1").stderr).toContain(
      'User "system:node:n1" cannot delete resource "nodes"',
    );
  });

  it("reads the Secrets of its own pods only", async () => {
    kubectl.run(["create", "secret", "generic", "mine", "--from-literal=a=1"]);
    kubectl.run(["create", "secret", "generic", "other", "--from-literal=a=1"]);
    const hidden = kubelet.try("get", "secret", "mine");
    expect(hidden.stderr).toContain("no relationship found between node 'n1' and this object");
    const volume = (secretName: string) => [{ name: "secret", secret: { secretName } }];
    const pod = (name: string, nodeName: string, secretName: string) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name },
      spec: { nodeName, volumes: volume(secretName), containers: [{ name: "main", image: "example.test/a:1" }] },
    });
    apply(pod("here", "n1", "mine"), pod("there", "n2", "other"));
    await until(() => kubelet.try("get", "secret", "mine").code === 0, 20_000);
    expect(kubelet.try("get", "secret", "other").code).toBe(1);
    expect(kubelet.try("get", "secrets").code).toBe(1);
    expect(kubelet.run("get", "pods", "--field-selector=spec.nodeName=n1", "-o", "name").trim()).toBe("pod/here");
    expect(kubelet.try("get", "pods").code).toBe(1);
    expect(kubelet.try("delete", "pod", "there").code).toBe(1);
  });

  it("gets tokens for its pods' accounts, bound to the pod", () => {
    const bound = (pod: string) => {
      const uid = kubectl.run(["get", "pod", pod, "-o", "jsonpath={.metadata.uid}"]);
      return [
        "create",
        "token",
        "default",
        "--bound-object-kind=Pod",
        `--bound-object-name=${pod}`,
        `--bound-object-uid=${uid}`,
      ];
    };
    const self = whoIs(kubectlWith("pod.config", `--token=${kubelet.run(...bound("here")).trim()}`));
    expect(self.extra).toMatchObject({
      "authentication.kubernetes.io/pod-name": ["here"],
      "authentication.kubernetes.io/node-name": ["n1"],
    });
    expect(kubelet.try(...bound("there")).code).toBe(1);
    expect(kubelet.try("create", "token", "default").stderr).toMatch(/forbidden/u);
  });
});

describe("a front proxy", () => {
  const ask = (...flags: string[]): { code: number; user: Partial<Self> } => {
    const url = `${server.access.server}/apis/authentication.k8s.io/v1/selfsubjectreviews`;
    const body = JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" });
    const common = [
      "-sS",
      "--cacert",
      join(folder, "ca.crt"),
      "-H",
      "Content-Type: application/json",
      "-w",
      "\n%{http_code}",
    ];
    const done = spawnSync("curl", [...common, ...flags, "-d", body, url], { encoding: "utf8", timeout: MINUTE_MS });
    const lines = done.stdout.trim().split("\n");
    const answer = JSON.parse(lines.slice(0, -1).join("\n")) as { status: unknown };
    const user = typeof answer.status === "object" ? (answer.status as { userInfo: Self }).userInfo : {};
    return { code: Number(lines.at(-1)), user };
  };
  const headers = ["-H", "X-Remote-User: ann", "-H", "X-Remote-Group: dev", "-H", "X-Remote-Extra-Acme.io%2fTeam: a"];

  it("is believed when it says for whom it asks", () => {
    const certificate = ["--cert", join(folder, "front-proxy.crt"), "--key", join(folder, "front-proxy.key")];
    expect(ask(...certificate, ...headers)).toEqual({
      code: 201,
      user: { username: "ann", groups: ["dev", "system:authenticated"], extra: { "acme.io/team": ["a"] } },
    });
  });

  it("is nobody without a certificate of its own authority", () => {
    expect(ask(...headers).user.username).not.toBe("ann");
    const other = ["--cert", join(folder, "alice.crt"), "--key", join(folder, "alice.key")];
    expect(ask(...other, ...headers)).toMatchObject({ code: 201, user: { username: "alice" } });
  });
});
