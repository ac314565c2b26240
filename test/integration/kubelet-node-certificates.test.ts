/** A new node gets its identity and its certificates from the cluster: real API, real controllers, no containers. */
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request, type Server } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningControllerManager, run } from "../../controller-manager/run.ts";
import { DEFAULT_SETTINGS } from "../../controller-manager/settings.ts";
import { clientWish, clusterAccess } from "../../kubelet/certificates/bootstrap.ts";
import { createCertificatePart } from "../../kubelet/certificates/certificate-part.ts";
import { requestCertificate } from "../../kubelet/certificates/request-certificate.ts";
import { readKubeletOptions } from "../../kubelet/flags.ts";
import type { KubeletBase } from "../../kubelet/kubelet-base.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { createApiClient } from "../../shared/client/http-client.ts";
import type { ClusterAccess } from "../../shared/client/kubeconfig.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import { certificateSigningRequests, clusterRoleBindings } from "../../shared/resources/catalog.ts";
import { startTestApiServer, type TestApiServer } from "../support/api-server.ts";
import { kubeconfigText } from "../support/kubeconfig-file.ts";
import { until } from "../support/until.ts";

const BOOTSTRAPPERS = "system:bootstrappers";
const CSR = "system:certificates.k8s.io:certificatesigningrequests";

let api: TestApiServer;
let manager: RunningControllerManager;
let folder: string;
const stopping = new AbortController();

async function bind(name: string, role: string, group: string): Promise<void> {
  await api.client.create(clusterRoleBindings, {
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: group }],
  });
}

beforeAll(async () => {
  api = await startTestApiServer();
  manager = await run({
    access: await api.accessOf("system:kube-controller-manager"),
    settings: { ...DEFAULT_SETTINGS, signing: { authority: api.authority, maxLifetimeMs: 86_400_000 } },
    clock: systemClock,
    logger: silentLogger,
    leaderElect: false,
    identity: "test",
  });
  await bind("bootstrap", "system:node-bootstrapper", BOOTSTRAPPERS);
  await bind("approve-new", `${CSR}:nodeclient`, BOOTSTRAPPERS);
  await bind("approve-rotation", `${CSR}:selfnodeclient`, "system:nodes");
  folder = mkdtempSync(join(tmpdir(), "kubernode-bootstrap-"));
});

afterAll(async () => {
  stopping.abort();
  await manager?.stop();
  await api?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const options = () =>
  readKubeletOptions([
    `--kubeconfig=${join(folder, "kubelet.conf")}`,
    `--bootstrap-kubeconfig=${join(folder, "bootstrap.conf")}`,
    `--cert-dir=${join(folder, "pki")}`,
    "--hostname-override=new-node",
    "--rotate-server-certificates",
  ]).options;

const clientOf = (access: ClusterAccess): ApiClient =>
  createApiClient(access, { userAgent: "test", clock: systemClock });

async function whoIs(client: ApiClient): Promise<string> {
  const body = JSON.stringify({ kind: "SelfSubjectReview", apiVersion: "authentication.k8s.io/v1" });
  const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
  const answer = await client.raw({ method: "POST", path, headers: { "content-type": "application/json" }, body });
  const { status } = JSON.parse(answer.body.toString()) as { status: { userInfo: { username: string } } };
  return status.userInfo.username;
}

describe("a node without an identity", () => {
  it("gets one with its bootstrap kubeconfig, and keeps it through a restart", async () => {
    writeFileSync(
      join(folder, "bootstrap.conf"),
      kubeconfigText(await api.accessOf("system:bootstrap:abc", [BOOTSTRAPPERS])),
    );
    const access = await clusterAccess(options(), systemClock, silentLogger, stopping.signal);
    const client = clientOf(access);
    expect(await whoIs(client)).toBe("system:node:new-node");
    await client.close();
    rmSync(join(folder, "bootstrap.conf"));
    const again = await clusterAccess(options(), systemClock, silentLogger, stopping.signal);
    expect(again.clientCertificate).toEqual(access.clientCertificate);
  });

  it("gets the next one with the one it has, and shows it at the next connection", async () => {
    const access = await clusterAccess(options(), systemClock, silentLogger, stopping.signal);
    let identity = access.clientCertificate;
    const client = clientOf({ ...access, currentClientCertificate: () => identity });
    const { certificate, key } = await requestCertificate(client, clientWish("new-node"), systemClock, stopping.signal);
    expect(new X509Certificate(certificate).serialNumber).not.toBe(
      new X509Certificate(identity?.cert ?? "").serialNumber,
    );
    identity = { cert: certificate, key };
    expect(await whoIs(client)).toBe("system:node:new-node");
    await client.close();
  });
});

/** The names on the certificate that a server shows. */
function shownNames(server: Server): Promise<string> {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return new Promise((resolve, reject) => {
    const call = request({
      host: "127.0.0.1",
      port,
      agent: false,
      ca: api.authority.certificate,
      servername: "new-node",
    });
    call.on("error", reject);
    call.on("response", (response) => {
      const socket = response.socket as unknown as { getPeerX509Certificate(): X509Certificate | undefined };
      resolve(socket.getPeerX509Certificate()?.subjectAltName ?? "");
      response.resume();
    });
    call.end();
  });
}

describe("the certificate of the kubelet's own server", () => {
  it("is asked for, and used once somebody approved it", async () => {
    const access = await clusterAccess(options(), systemClock, silentLogger, stopping.signal);
    const client = clientOf(access);
    const server = createServer({}, (_request, response) => response.end("ok"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    const part = createCertificatePart(
      {
        options: options(),
        client,
        clock: systemClock,
        logger: silentLogger,
        signal: stopping.signal,
        hostIps: ["192.0.2.7"],
      } as unknown as KubeletBase,
      { useCertificate: (cert, key) => server.setSecureContext({ cert, key }) },
    );
    void part.run();
    const find = async () => {
      const { items } = await api.client.list(certificateSigningRequests);
      return items.find(({ spec }) => spec.signerName === "kubernetes.io/kubelet-serving");
    };
    await until(async () => (await find()) !== undefined);
    const asked = await find();
    // Nobody approves serving certificates by itself.
    expect(asked?.status?.certificate).toBeUndefined();
    const conditions = [{ type: "Approved", status: "True", reason: "Test", message: "" }];
    const at = { name: asked?.metadata.name ?? "" };
    await api.client.writeSubresource(certificateSigningRequests, at, "approval", "PUT", {
      ...asked,
      status: { conditions },
    });
    await until(async () => (await shownNames(server).catch(() => "")) === "DNS:new-node, IP Address:192.0.2.7");
    expect(readFileSync(join(folder, "pki", "kubelet-server-current.pem"), "utf8")).toContain("CERTIFICATE");
    await client.close();
    await new Promise((resolve) => server.close(resolve));
  });
});
