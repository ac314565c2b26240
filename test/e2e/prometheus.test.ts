/**
 * Debian's Prometheus, unmodified, scrapes every component with a ServiceAccount's token. (Debian builds it without
 * `kubernetes_sd_configs`, so targets are written down; a pod is reached through the apiserver's proxy.)
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTestCluster, type TestCluster } from "../support/cluster.ts";
import { debianProgram } from "../support/debian-program.ts";
import { fetchText } from "../support/http-get.ts";
import { TOOLBOX_IMAGE } from "../support/images.ts";
import { manifest } from "../support/manifests.ts";
import { until } from "../support/until.ts";

const MINUTE_MS = 60_000;
const SCRAPE_WAIT_MS = 30_000;
const RBAC = { apiGroup: "rbac.authorization.k8s.io", apiVersion: "rbac.authorization.k8s.io/v1" };

/** The rights that Prometheus' own documentation names, and a pod with a metric. */
const OBJECTS = manifest(
  { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "prometheus" } },
  {
    apiVersion: RBAC.apiVersion,
    kind: "ClusterRole",
    metadata: { name: "prometheus" },
    rules: [
      { apiGroups: [""], resources: ["nodes/metrics", "pods/proxy"], verbs: ["get"] },
      { nonResourceURLs: ["/metrics"], verbs: ["get"] },
    ],
  },
  {
    apiVersion: RBAC.apiVersion,
    kind: "ClusterRoleBinding",
    metadata: { name: "prometheus" },
    roleRef: { apiGroup: RBAC.apiGroup, kind: "ClusterRole", name: "prometheus" },
    subjects: [{ kind: "ServiceAccount", name: "prometheus", namespace: "default" }],
  },
  {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "demo" },
    spec: {
      containers: [
        {
          name: "demo",
          image: TOOLBOX_IMAGE,
          command: ["sh", "-c", "echo demo_requests_total 42 > /www/metrics; exec httpd -f -p 9000 -h /www"],
          readinessProbe: { httpGet: { path: "/metrics", port: 9000 }, periodSeconds: 1 },
        },
      ],
      terminationGracePeriodSeconds: 0,
    },
  },
);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

interface Target {
  readonly scrapePool: string;
  readonly health: string;
  readonly lastError: string;
}

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** JSON is YAML. */
function configuration({ ports, apiPort, pkiDir }: TestCluster["cluster"], tokenFile: string): string {
  const secure = {
    scheme: "https",
    authorization: { credentials_file: tokenFile },
    tls_config: { ca_file: join(pkiDir, "ca.crt") },
  };
  const selfSigned = { ...secure, tls_config: { insecure_skip_verify: true } };
  const job = (name: string, port: number, more: object) => ({
    job_name: name,
    static_configs: [{ targets: [`127.0.0.1:${port}`] }],
    ...more,
  });
  const podPath = "/api/v1/namespaces/default/pods/demo:9000/proxy/metrics";
  return JSON.stringify({
    global: { scrape_interval: "1s", scrape_timeout: "1s" },
    scrape_configs: [
      job("apiserver", apiPort, secure),
      job("kubelet", ports.kubelet, secure),
      job("kubelet-resource", ports.kubelet, { ...secure, metrics_path: "/metrics/resource" }),
      job("controller-manager", ports.controllerManager, selfSigned),
      job("scheduler", ports.scheduler, selfSigned),
      job("kube-proxy", ports.proxyMetrics, {}),
      job("pod", apiPort, { ...secure, metrics_path: podPath }),
      job("stranger", apiPort, { ...secure, authorization: { credentials: "nonsense" } }),
    ],
  });
}

describe("Prometheus", () => {
  let cluster: TestCluster;
  let prometheus: ChildProcess | undefined;
  let folder = "";
  let base = "";

  beforeAll(async () => {
    cluster = await startTestCluster("sqlite");
    const kubectl = cluster.kubectl();
    kubectl.run(["apply", "-f", "-"], OBJECTS);
    folder = mkdtempSync(join(tmpdir(), "kubernode-prometheus-"));
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, kubectl.run(["create", "token", "prometheus"]).trim());
    writeFileSync(join(folder, "prometheus.yml"), configuration(cluster.cluster, tokenFile));
    kubectl.run(["wait", "--for=condition=Ready", "pod/demo", "--timeout=60s"]);
    const address = `127.0.0.1:${await freePort()}`;
    base = `http://${address}`;
    const path = "usr/bin/prometheus";
    const program = debianProgram("prometheus/prometheus", { suite: "bookworm", debianPackage: "prometheus", path });
    const files = [`--config.file=${join(folder, "prometheus.yml")}`, `--storage.tsdb.path=${join(folder, "data")}`];
    prometheus = spawn(program, [...files, `--web.listen-address=${address}`], { stdio: "ignore" });
    await until(() => fetchText(`${base}/-/ready`), SCRAPE_WAIT_MS);
  }, 4 * MINUTE_MS);

  afterAll(async () => {
    if (prometheus?.exitCode === null && prometheus.kill()) await once(prometheus, "exit");
    if (folder !== "") rmSync(folder, { recursive: true, force: true });
    await cluster.remove();
  }, 2 * MINUTE_MS);

  const target = async (pool: string): Promise<Target | undefined> => {
    const answer = JSON.parse(await fetchText(`${base}/api/v1/targets?state=active`)) as {
      data: { activeTargets: Target[] };
    };
    return answer.data.activeTargets.find(({ scrapePool }) => scrapePool === pool);
  };
  const query = async (text: string): Promise<Sample[]> => {
    const answer = JSON.parse(await fetchText(`${base}/api/v1/query?query=${encodeURIComponent(text)}`)) as {
      data: { result: Sample[] };
    };
    return answer.data.result;
  };

  it.each(["apiserver", "kubelet", "kubelet-resource", "controller-manager", "scheduler", "kube-proxy", "pod"])(
    "reads the metrics of %s",
    (pool) =>
      until(async () => expect(await target(pool)).toMatchObject({ health: "up", lastError: "" }), SCRAPE_WAIT_MS),
    MINUTE_MS,
  );

  it(
    "is refused without a valid token",
    () => until(async () => expect((await target("stranger"))?.lastError).toContain("401"), SCRAPE_WAIT_MS),
    MINUTE_MS,
  );

  it.each(['sum(apiserver_request_total{verb="POST"}) > 0', "kubelet_running_pods > 0", "demo_requests_total == 42"])(
    "finds %s",
    (text) => until(async () => expect(await query(text)).toHaveLength(1), SCRAPE_WAIT_MS),
    MINUTE_MS,
  );
});
