/** `@kubernetes/client-node`, a client that nobody here wrote: the streams it opens to a real pod. */
import { connect, createServer, type Server } from "node:net";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import {
  Attach,
  CoreV1Api,
  Exec,
  KubeConfig,
  Log,
  PortForward,
  type V1Pod,
  type V1Status,
  Watch,
} from "@kubernetes/client-node";
import { startTestCluster, type TestCluster } from "../support/cluster.ts";
import { TOOLBOX_IMAGE } from "../support/images.ts";
import { until } from "../support/until.ts";

const MINUTE_MS = 60_000;
const NAMESPACE = "default";
const POD = "streams";
/** More than all buffers on the way hold together. */
const LARGE_BYTES = 3_000_000;

function collected(stream: PassThrough): { text(): string } {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => void chunks.push(chunk));
  return { text: () => Buffer.concat(chunks).toString() };
}

describe("@kubernetes/client-node", () => {
  let cluster: TestCluster;
  let config: KubeConfig;
  let api: CoreV1Api;

  beforeAll(async () => {
    cluster = await startTestCluster("sqlite");
    config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfig);
    api = config.makeApiClient(CoreV1Api);
    // `cat` answers what an attached client types; httpd answers a forwarded port.
    const command = ["sh", "-c", "echo ready; echo hello > /www/index.html; httpd -p 8080 -h /www; exec cat"];
    const container = { name: "main", image: TOOLBOX_IMAGE, command, stdin: true };
    const body: V1Pod = {
      metadata: { name: POD },
      spec: { terminationGracePeriodSeconds: 0, containers: [container] },
    };
    await until(() => api.createNamespacedPod({ namespace: NAMESPACE, body }));
    cluster.kubectl().run(["wait", "--for=condition=Ready", `pod/${POD}`, "--timeout=60s"]);
  }, 4 * MINUTE_MS);
  afterAll(() => cluster.remove(), 2 * MINUTE_MS);

  async function run(command: string[], stdin: PassThrough | null = null) {
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    const [out, err] = [collected(stdout), collected(stderr)];
    const status = await new Promise<V1Status>((resolve, reject) => {
      new Exec(config).exec(NAMESPACE, POD, "main", command, stdout, stderr, stdin, false, resolve).catch(reject);
    });
    return { status, out: out.text(), err: err.text() };
  }

  it("runs a command and hears both outputs and its exit code", async () => {
    const { status, out, err } = await run(["sh", "-c", "echo out; echo err >&2; exit 7"]);
    expect([out, err]).toEqual(["out\n", "err\n"]);
    expect(status).toMatchObject({ status: "Failure", details: { causes: [{ reason: "ExitCode", message: "7" }] } });
  });

  it("gets all of a large output", async () => {
    const { status, out } = await run(["sh", "-c", `head -c ${LARGE_BYTES} /dev/zero | tr '\\0' x`]);
    expect(out).toHaveLength(LARGE_BYTES);
    expect(status.status).toBe("Success");
  });

  it("sends standard input", async () => {
    const stdin = new PassThrough();
    stdin.write("typed\n");
    const { out } = await run(["head", "-n", "1"], stdin);
    expect(out).toBe("typed\n");
  });

  it("forwards a port", async () => {
    const forward = new PortForward(config);
    const server: Server = createServer((socket) => {
      void forward.portForward(NAMESPACE, POD, [8080], socket, null, socket);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const client = connect(typeof address === "object" && address !== null ? address.port : 0, "127.0.0.1");
    let answer = "";
    client.setEncoding("utf8").on("data", (chunk: string) => {
      answer += chunk;
    });
    client.write("GET / HTTP/1.0\r\n\r\n");
    await until(() => answer.endsWith("hello\n"));
    client.destroy();
    server.close();
  });

  it("watches", async () => {
    const seen: string[] = [];
    const watch = await new Watch(config).watch(
      `/api/v1/namespaces/${NAMESPACE}/configmaps`,
      { fieldSelector: "metadata.name=watched" },
      (type: string) => void seen.push(type),
      () => undefined,
    );
    const at = { namespace: NAMESPACE, name: "watched" };
    const metadata = { name: at.name };
    await api.createNamespacedConfigMap({ namespace: NAMESPACE, body: { metadata } });
    await api.replaceNamespacedConfigMap({ ...at, body: { metadata, data: { key: "value" } } });
    await api.deleteNamespacedConfigMap(at);
    await until(() => seen.length === 3);
    expect(seen).toEqual(["ADDED", "MODIFIED", "DELETED"]);
    watch.abort();
  });

  it("follows a log to the pod's end, and attaches to what writes it", async () => {
    const log = new PassThrough();
    const lines = collected(log);
    await new Log(config).log(NAMESPACE, POD, "main", log, { follow: true });
    await until(() => lines.text().startsWith("ready\n"));
    const stdin = new PassThrough();
    const stdout = new PassThrough();
    const answer = collected(stdout);
    const socket = await new Attach(config).attach(NAMESPACE, POD, "main", stdout, null, stdin, false);
    stdin.write("over the wire\n");
    await until(() => answer.text() === "over the wire\n");
    await until(() => lines.text() === "ready\nover the wire\n");
    socket.close();
    const end = once(log, "end");
    await api.deleteNamespacedPod({ namespace: NAMESPACE, name: POD });
    await end;
  });
});
