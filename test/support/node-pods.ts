/** Pods on a node under test: created bound to it, waited for, deleted. */
import { randomBytes } from "node:crypto";
import type { Container, ContainerStatus, Pod, PodSpec } from "../../shared/api/generated/core/v1.ts";
import { configMaps, events, pods, serviceAccounts } from "../../shared/resources/catalog.ts";
import type { TestApiServer } from "./api-server.ts";
import { TOOLBOX_IMAGE } from "./images.ts";
import type { KubeletNode } from "./kubelet-node.ts";
import { until } from "./until.ts";

export const FOREVER = "trap 'exit 0' TERM; while true; do sleep 0.1; done";

export const shell = (script: string, more: Partial<Container> = {}): Container => ({
  name: "main",
  image: TOOLBOX_IMAGE,
  command: ["sh", "-c", script],
  ...more,
});

export const isReady = (pod: Pod): boolean => conditionOf(pod, "Ready")?.status === "True";
export const isOver = (pod: Pod): boolean => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";

export function conditionOf(pod: Pod, type: string) {
  return pod.status?.conditions?.find((condition) => condition.type === type);
}

/** Of any kind of container; throws when there is none yet, so that `until` asks again. */
export function containerOf(pod: Pod, name = "main"): ContainerStatus {
  const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {};
  const found = [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses].find(
    (status) => status.name === name,
  );
  if (found === undefined) throw new Error(`no status of container ${name}`);
  return found;
}

export class NodePods {
  readonly namespace = "default";
  readonly #api: TestApiServer;
  readonly #node: KubeletNode;

  constructor(api: TestApiServer, node: KubeletNode) {
    this.#api = api;
    this.#node = node;
  }

  /** What pods of a namespace need before they can be made. */
  async prepare(): Promise<void> {
    const { client } = this.#api;
    const at = { namespace: this.namespace };
    await client.create(serviceAccounts, { metadata: { name: "default" } }, at).catch(() => undefined);
    const data = { "ca.crt": "authority" };
    await client.create(configMaps, { metadata: { name: "kube-root-ca.crt" }, data }, at).catch(() => undefined);
  }

  create(name: string, spec: Partial<PodSpec>, metadata: Partial<Pod["metadata"]> = {}): Promise<Pod> {
    return this.#api.client.create(
      pods,
      {
        metadata: { name, ...metadata },
        spec: { nodeName: this.#node.name, terminationGracePeriodSeconds: 1, containers: [shell(FOREVER)], ...spec },
      },
      { namespace: this.namespace },
    );
  }

  get(name: string): Promise<Pod> {
    return this.#api.client.get(pods, { namespace: this.namespace, name });
  }

  patch(name: string, body: object, subresource?: string): Promise<Pod> {
    const options = subresource === undefined ? {} : { subresource };
    return this.#api.client.patch(pods, { namespace: this.namespace, name }, "strategic", body, options);
  }

  /** The version of the pod that passed; its last status and the kubelet's log are in the error when none does. */
  async until(name: string, check: (pod: Pod) => boolean, timeoutMs = 30_000): Promise<Pod> {
    let last: Pod | undefined;
    try {
      await until(async () => {
        last = await this.get(name);
        return check(last);
      }, timeoutMs);
    } catch (error) {
      throw new Error(`pod ${name}: ${JSON.stringify(last?.status)}\n${this.#node.kubeletLog}`, { cause: error });
    }
    return last ?? this.get(name);
  }

  async delete(name: string, gracePeriodSeconds?: number): Promise<void> {
    const options = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
    await this.#api.client.delete(pods, { namespace: this.namespace, name }, options);
  }

  async untilGone(name: string): Promise<void> {
    await until(
      () =>
        this.get(name).then(
          () => false,
          () => true,
        ),
      30_000,
    );
  }

  /** Deletes it and waits until it is gone. */
  async end(name: string, gracePeriodSeconds?: number): Promise<void> {
    await this.delete(name, gracePeriodSeconds);
    await this.untilGone(name);
  }

  /** `Reason: message` of everything that was told of the pod. */
  async events(name: string): Promise<string[]> {
    const { items } = await this.#api.client.list(events, {
      namespace: this.namespace,
      fieldSelector: `involvedObject.name=${name}`,
    });
    return items.map(({ reason, message }) => `${reason ?? ""}: ${message ?? ""}`);
  }

  /** A name of its own for each call, so that a suite can run against the same node again. */
  name(stem: string): string {
    return `${stem}-${randomBytes(3).toString("hex")}`;
  }
}
