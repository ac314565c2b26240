/** Pods from a folder of the node, and what the API shows of them. Needs root. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nodes } from "../../shared/resources/catalog.ts";
import { startTestApiServer, type TestApiServer } from "../support/api-server.ts";
import { TOOLBOX_IMAGE } from "../support/images.ts";
import { KubeletNode } from "../support/kubelet-node.ts";
import { containerOf, FOREVER, isReady, NodePods } from "../support/node-pods.ts";
import { until } from "../support/until.ts";

const START_TIMEOUT_MS = 120_000;

let api: TestApiServer;
let node: KubeletNode;
let pods: NodePods;
let folder = "";

beforeAll(async () => {
  api = await startTestApiServer();
  node = new KubeletNode(api, { "pod-manifest-path": "manifests" });
  pods = new NodePods(api, node);
  folder = join(node.folder, "manifests");
  mkdirSync(folder);
  await pods.prepare();
  await node.start();
}, START_TIMEOUT_MS);

afterAll(async () => {
  await node?.close();
  await api?.stop();
}, START_TIMEOUT_MS);

const manifest = (word: string): string =>
  [
    "apiVersion: v1",
    "kind: Pod",
    "metadata: {name: fixed, labels: {app: fixed}}",
    "spec:",
    "  terminationGracePeriodSeconds: 1",
    "  containers:",
    "    - name: main",
    `      image: ${TOOLBOX_IMAGE}`,
    `      command: [sh, -c, ${JSON.stringify(`echo ${word}; ${FOREVER}`)}]`,
  ].join("\n");

const write = (text: string): void => writeFileSync(join(folder, "fixed.yaml"), text);
const containersOf = async (): Promise<string[]> =>
  [...(await node.runtime.listPods()).values()].flatMap(({ containers }) =>
    containers.filter(({ state }) => state === "running").map(({ id }) => id),
  );

describe("a pod from a folder", () => {
  it("runs, shows in the API, and lives as long as its file", async () => {
    const name = `fixed-${node.name}`;
    write(manifest("one"));
    const mirror = await pods.until(name, isReady);
    const { uid } = (await api.client.get(nodes, { name: node.name })).metadata;
    expect(mirror.metadata).toMatchObject({
      labels: { app: "fixed" },
      annotations: { "kubernetes.io/config.source": "file" },
      ownerReferences: [{ kind: "Node", name: node.name, uid, controller: true }],
    });
    expect(mirror.metadata.annotations?.["kubernetes.io/config.mirror"]).toBe(
      mirror.metadata.annotations?.["kubernetes.io/config.hash"],
    );
    const before = containerOf(mirror).containerID;

    // Deleting what only mirrors it changes nothing.
    await pods.delete(name);
    const again = await pods.until(name, (pod) => pod.metadata.uid !== mirror.metadata.uid && isReady(pod));
    expect(containerOf(again).containerID).toBe(before);

    // Garbage in the folder neither.
    writeFileSync(join(folder, "garbage.yaml"), "apiVersion: v1\nkind: [");
    write("kind: Secret");
    await node.killKubelet();
    write(manifest("one"));
    await node.startKubelet();
    await until(async () => (await api.client.get(nodes, { name: node.name })).status !== undefined);
    expect(containerOf(await pods.until(name, isReady)).containerID).toBe(before);

    // Another content is another pod.
    write(manifest("two"));
    const changed = await pods.until(name, (pod) => isReady(pod) && containerOf(pod).containerID !== before);
    expect(changed.metadata.annotations?.["kubernetes.io/config.hash"]).not.toBe(
      mirror.metadata.annotations?.["kubernetes.io/config.hash"],
    );
    rmSync(join(folder, "fixed.yaml"));
    await pods.untilGone(name);
    await until(async () => (await containersOf()).length === 0);
  });
});
