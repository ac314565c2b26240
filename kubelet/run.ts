/** Starts a kubelet from its options: the node's part, the pods' part and the servers, on a common base. */
import type { RunningComponent } from "../shared/process/run-component.ts";
import { type KubeletBase, prepareKubelet } from "./kubelet-base.ts";
import { createNodePart } from "./node/node-part.ts";
import type { KubeletOptions } from "./options.ts";
import { createPodPart, type PodPart } from "./pods/pod-part.ts";
import type { KubeletServer } from "./server/kubelet-server.ts";
import { startServers } from "./server/server-part.ts";
import { createVolumePart } from "./volumes/volume-part.ts";

/** Rejects when the runtime does not come up or an address is in use. Containers live on when it stops. */
export async function run(options: KubeletOptions): Promise<RunningComponent> {
  const stopping = new AbortController();
  const base = await prepareKubelet(options, stopping.signal);
  const volumePart = await createVolumePart(base);
  const nodePart = createNodePart(base, volumePart.storage.csi.inUse);
  const podPart = createPodPart(base, nodePart.health, volumePart.storage);
  const server = await startServers(base, podPart.kubelet);
  await nodePart.health.check();
  const done = Promise.all([nodePart.run(), podPart.run(), volumePart.run()]).then(() => undefined);
  const { name, version } = base.runtimeVersion;
  base.logger.info({ node: options.nodeName, runtime: `${name} ${version}`, port: server.port }, "kubelet runs");
  return { done, stop: () => stop(stopping, done, base, podPart, server) };
}

async function stop(
  stopping: AbortController,
  done: Promise<void>,
  { client, runtime }: KubeletBase,
  { recorder }: PodPart,
  server: KubeletServer,
): Promise<void> {
  stopping.abort();
  await Promise.allSettled([done, server.close()]);
  await recorder.flush();
  await client.close();
  runtime.close();
}
