/**
 * Debian's Prometheus, unmodified, scrapes every component with a ServiceAccount's token, and finds targets in all six
 * roles of `kubernetes_sd_configs`. (Debian 12 builds it without those, so it is the newest one. A pod is reached through
 * the apiserver's proxy.)
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
      { apiGroups: [""], resources: ["nodes", "services", "endpoints", "pods"], verbs: ["get", "list", "watch"] },
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["get", "list", "watch"] },
      { apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: ["get", "list", "watch"] },
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
    metadata: { name: "demo", labels: { app: "demo" } },
    spec: {
      containers: [
        {
          name: "demo",
          ports: [{ name: "metrics", containerPort: 9000 }],
          image: TOOLBOX_IMAGE,
          command: ["sh", "-c", "echo demo_requests_total 42 > /www/metrics; exec httpd -f -p 9000 -h /www"],
          readinessProbe: { httpGet: { path: "/metrics", port: 9000 }, periodSeconds: 1 },
        },
      ],
      terminationGracePeriodSeconds: 0,
    },
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "demo" },
    spec: { selector: { app: "demo" }, ports: [{ name: "metrics", port: 80, targetPort: "metrics" }] },
  },
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name: "demo" },
    spec: {
      rules: [
        {
          host: "demo.example.test",
          http: {
            paths: [
              { path: "/m", pathType: "Prefix", backend: { service: { name: "demo", port: { name: "metrics" } } } },
            ],
          },
        },
      ],
    },
  },
);

const META = "__meta_kubernetes";
/** For each role of discovery, labels of what it has to find. */
const DISCOVERED: [string, Record<string, unknown>][] = [
  [
    "node",
    { [`${META}_node_label_kubernetes_io_os`]: "linux", [`${META}_node_address_InternalIP`]: expect.any(String) },
  ],
  [
    "service",
    {
      __address__: "demo.default.svc:80",
      [`${META}_service_name`]: "demo",
      [`${META}_service_port_name`]: "metrics",
      [`${META}_service_cluster_ip`]: expect.stringMatching(/^10\./u),
    },
  ],
  [
    "pod",
    {
      __address__: expect.stringMatching(/:9000$/u),
      [`${META}_pod_name`]: "demo",
      [`${META}_pod_ready`]: "true",
      [`${META}_pod_label_app`]: "demo",
      [`${META}_pod_container_port_name`]: "metrics",
    },
  ],
  [
    "endpoints",
    {
      [`${META}_endpoints_name`]: "demo",
      [`${META}_endpoint_ready`]: "true",
      [`${META}_endpoint_address_target_name`]: "demo",
      [`${META}_pod_name`]: "demo",
      [`${META}_service_name`]: "demo",
    },
  ],
  [
    "endpointslice",
    {
      [`${META}_endpointslice_endpoint_conditions_ready`]: "true",
      [`${META}_endpointslice_address_target_name`]: "demo",
      [`${META}_endpointslice_port_name`]: "metrics",
      [`${META}_service_name`]: "demo",
    },
  ],
  [
    "ingress",
    {
      __address__: "demo.example.test",
      [`${META}_ingress_name`]: "demo",
      [`${META}_ingress_path`]: "/m",
      [`${META}_ingress_scheme`]: "http",
    },
  ],
];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

interface DroppedTarget {
  readonly scrapePool: string;
  readonly discoveredLabels: Readonly<Record<string, string>>;
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
  const kubernetes = {
    api_server: `https://127.0.0.1:${apiPort}`,
    authorization: secure.authorization,
    tls_config: secure.tls_config,
  };
  /** Found and not scraped: what is found is what counts. */
  const found = DISCOVERED.map(([role]) => ({
    job_name: `found-${role}`,
    kubernetes_sd_configs: [{ ...kubernetes, role }],
    relabel_configs: [{ action: "drop", source_labels: ["job"], regex: ".*" }],
  }));
  const nodes = { ...selfSigned, job_name: "every-node", kubernetes_sd_configs: [{ ...kubernetes, role: "node" }] };
  const podPath = "/api/v1/namespaces/default/pods/demo:9000/proxy/metrics";
  return JSON.stringify({
    global: { scrape_interval: "1s", scrape_timeout: "1s" },
    scrape_configs: [
      ...found,
      nodes,
      job("apiserver", apiPort, secure),
      job("kubelet", ports.kubelet, secure),
      job("kubelet-resource", ports.kubelet, { ...secure, metrics_path: "/metrics/resource" }),
      job("controller-manager", ports.controllerManager, selfSigned),
      job("scheduler", ports.scheduler, selfSigned),
      job("kube-proxy", ports.proxyMetrics, {}),
      // Busybox names no content type.
      job("pod", apiPort, { ...secure, metrics_path: podPath, fallback_scrape_protocol: "PrometheusText0.0.4" }),
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
    const program = debianProgram("prometheus/newest", { suite: "sid", debianPackage: "prometheus", path });
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
  const found = async (role: string): Promise<DroppedTarget["discoveredLabels"][]> => {
    const answer = JSON.parse(await fetchText(`${base}/api/v1/targets?state=dropped`)) as {
      data: { droppedTargets: DroppedTarget[] };
    };
    return answer.data.droppedTargets
      .filter(({ scrapePool }) => scrapePool === `found-${role}`)
      .map(({ discoveredLabels }) => discoveredLabels);
  };
  const query = async (text: string): Promise<Sample[]> => {
    const answer = JSON.parse(await fetchText(`${base}/api/v1/query?query=${encodeURIComponent(text)}`)) as {
      data: { result: Sample[] };
    };
    return answer.data.result;
  };

  it.each([
    "apiserver",
    "kubelet",
    "kubelet-resource",
    "controller-manager",
    "scheduler",
    "kube-proxy",
    "pod",
    "every-node",
  ])(
    "reads the metrics of %s",
    (pool) =>
      until(async () => expect(await target(pool)).toMatchObject({ health: "up", lastError: "" }), SCRAPE_WAIT_MS),
    MINUTE_MS,
  );

  it.each(DISCOVERED)(
    "discovers by role %s",
    (role, labels) =>
      until(async () => expect(await found(role)).toContainEqual(expect.objectContaining(labels)), SCRAPE_WAIT_MS),
    MINUTE_MS,
  );

  it(
    "is refused without a valid token",
    () => until(async () => expect((await target("stranger"))?.lastError).toContain("401"), SCRAPE_WAIT_MS),
    MINUTE_MS,
  );

  it.each([
    'sum(apiserver_request_total{verb="POST"}) > 0',
    'kubelet_running_pods{job="kubelet"} > 0',
    "demo_requests_total == 42",
  ])("finds %s", (text) => until(async () => expect(await query(text)).toHaveLength(1), SCRAPE_WAIT_MS), MINUTE_MS);
});
