/** kill -9 of every component, alone and all at once, in the middle of a rolling update. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ConfigMap, Pod } from "../../shared/api/generated/core/v1.ts";
import { startTestCluster, STORES, type TestCluster } from "../support/cluster.ts";
import { until } from "../support/until.ts";
import { startInBackground } from "../support/background-process.ts";
import { fetchText } from "../support/http-get.ts";
import type { Kubectl } from "../support/kubectl.ts";
import { manifest, webDeployment, webService } from "../support/manifests.ts";

const MINUTE_MS = 60_000;

describe.each(STORES)("crashes with %s", (store) => {
  let cluster: TestCluster;
  let kubectl: Kubectl;
  const components = (): string[] => cluster.status().components.map((component) => component.name);

  beforeAll(async () => {
    cluster = await startTestCluster(store);
    kubectl = cluster.kubectl();
    kubectl.run(
      ["apply", "-f", "-"],
      manifest(
        webDeployment({ name: "still", replicas: 2 }),
        webService("still"),
        webDeployment({ name: "web", replicas: 5 }),
      ),
    );
    for (const name of ["still", "web"]) kubectl.run(["rollout", "status", `deployment/${name}`, "--timeout=60s"]);
  }, 4 * MINUTE_MS);
  afterAll(() => cluster.remove(), MINUTE_MS);

  const pods = (app: string): Pod[] => kubectl.json<{ items: Pod[] }>(["get", "pods", "-l", `app=${app}`]).items;
  const containers = (): string[] =>
    pods("still")
      .flatMap((pod) =>
        (pod.status?.containerStatuses ?? []).map((status) => `${status.containerID} ${status.restartCount}`),
      )
      .sort();

  function kill(names: readonly string[]): void {
    const status = cluster.status();
    for (const { name, pid } of status.components) if (names.includes(name) && pid > 0) process.kill(pid, "SIGKILL");
  }

  /** Starts an update, breaks things in the middle of it, and holds the outcome to what was promised. */
  async function survives(version: number, breakThings: () => Promise<void>): Promise<void> {
    const before = containers();
    expect(before).toHaveLength(2);
    const writer = startInBackground<string[]>("object-writer.ts", cluster.kubeconfig);
    kubectl.run(["apply", "-f", "-"], manifest(webDeployment({ name: "web", replicas: 5, version })));
    await sleep(500);
    await breakThings();
    await until(() => cluster.status().ready, 2 * MINUTE_MS);
    await until(() => kubectl.run(["rollout", "status", "deployment/web", "--timeout=60s"]), 3 * MINUTE_MS);
    const acknowledged = await writer.stop();
    expect(acknowledged.length).toBeGreaterThan(0);
    const stored = new Set(
      kubectl.json<{ items: ConfigMap[] }>(["get", "configmaps"]).items.map((item) => item.metadata?.name),
    );
    expect(acknowledged.filter((name) => !stored.has(name))).toEqual([]);
    await until(() => pods("web").length === 5);
    expect(pods("web").every((pod) => pod.spec?.containers[0]?.image?.endsWith(`:${version}`))).toBe(true);
    expect(containers()).toEqual(before);
    const address = kubectl.run(["get", "service", "still", "-o", "jsonpath={.spec.clusterIP}"]);
    await until(() => fetchText(`http://${address}/`));
    kubectl.run(["delete", "--raw", "/api/v1/namespaces/default/configmaps?labelSelector=writer%3Dobject-writer"]);
  }

  it(
    "survives the end of each component, one after the other, in the middle of an update",
    async () => {
      await survives(2, async () => {
        for (const name of components()) {
          kill([name]);
          await sleep(1000);
        }
      });
    },
    6 * MINUTE_MS,
  );

  it(
    "survives the end of all components at once in the middle of an update",
    async () => {
      await survives(1, async () => kill(components()));
    },
    6 * MINUTE_MS,
  );
});
