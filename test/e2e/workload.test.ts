/** A Deployment behind a Service, reached from everywhere, healing, and updated under load. */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { runCommand } from "../../cli/machine/command.ts";
import { startTestCluster, STORES, type TestCluster } from "../support/cluster.ts";
import { until } from "../support/until.ts";
import { startInBackground } from "../support/background-process.ts";
import { fetchText } from "../support/http-get.ts";
import type { LoadResult } from "../support/http-load.ts";
import { TOOLBOX_IMAGE } from "../support/images.ts";
import type { Kubectl } from "../support/kubectl.ts";
import { manifest, webDeployment, webService } from "../support/manifests.ts";
import { createOutsideHost } from "../support/outside-host.ts";

const MINUTE_MS = 60_000;
const REQUESTS_PER_SECOND = 50;

describe.each(STORES)("workloads with %s", (store) => {
  let cluster: TestCluster;
  let kubectl: Kubectl;

  beforeAll(async () => {
    cluster = await startTestCluster(store);
    kubectl = cluster.kubectl();
    kubectl.run(
      ["apply", "-f", "-"],
      manifest(webDeployment({ name: "web", replicas: 3 }), webService("web", "NodePort")),
    );
    kubectl.run(["run", "toolbox", `--image=${TOOLBOX_IMAGE}`, "--image-pull-policy=IfNotPresent"]);
    kubectl.run(["rollout", "status", "deployment/web", "--timeout=60s"]);
    kubectl.run(["wait", "--for=condition=Ready", "pod/toolbox", "--timeout=60s"]);
  }, 4 * MINUTE_MS);
  afterAll(() => cluster.remove(), MINUTE_MS);

  const pods = (app: string): Pod[] => kubectl.json<{ items: Pod[] }>(["get", "pods", "-l", `app=${app}`]).items;
  const field = (kind: string, name: string, path: string): string =>
    kubectl.run(["get", kind, name, "-o", `jsonpath={${path}}`]);
  const clusterIp = (name = "web"): string => field("service", name, ".spec.clusterIP");
  const expected = (): string[] =>
    pods("web")
      .map((pod) => `v1 ${pod.metadata?.name}`)
      .sort();
  const isReady = (pod: Pod): boolean =>
    pod.metadata?.deletionTimestamp === undefined &&
    (pod.status?.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True");

  /** Asks until every pod answered; all answers must come from them. */
  async function hearsAll(ask: () => Promise<string> | string): Promise<void> {
    const wanted = expected();
    expect(wanted).toHaveLength(3);
    const heard = new Set<string>();
    for (let asked = 0; asked < 100 && heard.size < wanted.length; asked++) heard.add((await ask()).trim());
    expect([...heard].sort()).toEqual(wanted);
  }

  it("answers at its ClusterIP from the host", () => hearsAll(() => fetchText(`http://${clusterIp()}/`)), MINUTE_MS);

  it(
    "answers at its ClusterIP from a pod",
    async () => {
      const url = `http://${clusterIp()}/`;
      await hearsAll(() => kubectl.run(["exec", "toolbox", "--", "wget", "-qO-", url]));
    },
    MINUTE_MS,
  );

  it(
    "answers at its node port from another host",
    async () => {
      const outside = await createOutsideHost();
      try {
        const port = field("service", "web", ".spec.ports[0].nodePort");
        await hearsAll(() => outside.curl(`http://${outside.gateway}:${port}/`));
      } finally {
        await outside.remove();
      }
    },
    MINUTE_MS,
  );

  it(
    "lets a pod reach itself through its own Service",
    async () => {
      kubectl.run(["apply", "-f", "-"], manifest(webDeployment({ name: "solo", replicas: 1 }), webService("solo")));
      kubectl.run(["rollout", "status", "deployment/solo", "--timeout=60s"]);
      const [pod] = pods("solo");
      const name = pod?.metadata?.name ?? "";
      await until(() =>
        kubectl.run(["exec", name, "--", "wget", "-qO-", `http://${clusterIp("solo")}/`]).includes(name),
      );
      kubectl.run(["delete", "deployment/solo", "service/solo"]);
    },
    MINUTE_MS,
  );

  it(
    "refuses connections to a Service without endpoints at once",
    async () => {
      kubectl.run(["apply", "-f", "-"], manifest(webService("nobody")));
      const address = clusterIp("nobody");
      await until(() => expect(fetchText(`http://${address}/`)).rejects.toThrow(/ECONNREFUSED|EHOSTUNREACH/), 20_000);
      kubectl.run(["delete", "service", "nobody"]);
    },
    MINUTE_MS,
  );

  /** The process of a container or a sandbox, by its id. */
  async function processOf(id: string): Promise<number> {
    const address = cluster.cluster.containerdSocket;
    const { stdout } = await runCommand("ctr", ["--address", address, "--namespace", "k8s.io", "tasks", "list"]);
    return Number(
      stdout
        .split("\n")
        .find((line) => line.startsWith(id))
        ?.trim()
        .split(/\s+/)[1] ?? 0,
    );
  }

  it(
    "starts a killed container again in its pod",
    async () => {
      const [pod] = pods("web");
      const name = pod?.metadata?.name ?? "";
      const id = pod?.status?.containerStatuses?.[0]?.containerID?.replace("containerd://", "") ?? "";
      process.kill(await processOf(id), "SIGKILL");
      await until(() => {
        const now = pods("web").find((other) => other.metadata?.name === name);
        return now?.status?.containerStatuses?.[0]?.restartCount === 1 && isReady(now);
      });
      await until(() => hearsAll(() => fetchText(`http://${clusterIp()}/`)));
    },
    2 * MINUTE_MS,
  );

  it(
    "replaces a deleted pod",
    async () => {
      const [pod] = pods("web");
      const name = pod?.metadata?.name ?? "";
      kubectl.run(["delete", "pod", name]);
      await until(() => {
        const now = pods("web");
        return now.length === 3 && now.every(isReady) && now.every((other) => other.metadata?.name !== name);
      });
      await until(() => hearsAll(() => fetchText(`http://${clusterIp()}/`)));
    },
    2 * MINUTE_MS,
  );

  it(
    "gives a pod whose sandbox was killed a new one",
    async () => {
      const name = pods("web")[0]?.metadata?.name ?? "";
      const before = field("pod", name, ".status.containerStatuses[0].containerID");
      const address = cluster.cluster.containerdSocket;
      const { stdout } = await runCommand("ctr", [
        "--address",
        address,
        "-n",
        "k8s.io",
        "containers",
        "list",
        `labels."io.kubernetes.pod.name"==${name},labels."io.cri-containerd.kind"==sandbox`,
      ]);
      const sandbox = stdout.split("\n")[1]?.trim().split(/\s+/)[0] ?? "";
      process.kill(await processOf(sandbox), "SIGKILL");
      await until(() => {
        const now = pods("web").find((other) => other.metadata?.name === name);
        return now !== undefined && isReady(now) && now.status?.containerStatuses?.[0]?.containerID !== before;
      });
      await until(() => hearsAll(() => fetchText(`http://${clusterIp()}/`)));
    },
    2 * MINUTE_MS,
  );

  it(
    "updates ten replicas under load without a failed request",
    async () => {
      kubectl.run(["scale", "deployment/web", "--replicas=10"]);
      kubectl.run(["rollout", "status", "deployment/web", "--timeout=120s"]);
      const load = startInBackground<LoadResult>("http-load.ts", `http://${clusterIp()}/`, String(REQUESTS_PER_SECOND));
      kubectl.run(["apply", "-f", "-"], manifest(webDeployment({ name: "web", replicas: 10, version: 2 })));
      kubectl.run(["rollout", "status", "deployment/web", "--timeout=180s"]);
      await until(() => pods("web").length === 10);
      const { answers, failures } = await load.stop();
      expect(failures).toEqual([]);
      expect(answers.length).toBeGreaterThan(100);
      expect(answers.at(0)).toMatch(/^v1 /);
      expect(answers.at(-1)).toMatch(/^v2 /);
    },
    5 * MINUTE_MS,
  );
});
