/** The whole apiserver on the memory store with COUNT pods of BYTES each: `apiserver.ts COUNT BYTES`. */
import { encodeStored } from "../../apiserver/storage/codec.ts";
import { MemoryStorage } from "../../apiserver/storage/memory/memory-storage.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { startTestApiServer } from "../../test/support/api-server.ts";
import { samplePod } from "../support/sample-pod.ts";
import { serve } from "./ipc.ts";

const [count = 1000, bytes = 14_400] = process.argv.slice(2).map(Number);
const storage = new MemoryStorage(systemClock);
for (let index = 0; index < count; index++) {
  const pod = samplePod(index, bytes);
  const { namespace, name } = pod["metadata"] as { namespace: string; name: string };
  await storage.create(`/registry/pods/${namespace}/${name}`, encodeStored(pod));
}
const api = await startTestApiServer({ storage });
const CHANGED_KEY = "/registry/configmaps/default/changed";

/** Changes one object so many times, a turn of the event loop apart. */
async function change(times: number, valueBytes: number): Promise<void> {
  for (let index = 0; index < times; index++) {
    const object = {
      kind: "ConfigMap",
      apiVersion: "v1",
      metadata: { name: "changed", namespace: "default" },
      data: { text: String(index).padStart(valueBytes, "x") },
    };
    const { item } = await storage.get(CHANGED_KEY);
    if (item === undefined) await storage.create(CHANGED_KEY, encodeStored(object));
    else await storage.update(CHANGED_KEY, encodeStored(object), item.modRevision);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

serve(
  { port: api.port, ca: api.authority.certificate, cert: api.admin.certificate, key: api.admin.key },
  async (request) => {
    const { times, valueBytes } = request as { times: number; valueBytes: number };
    await change(times, valueBytes);
    return "done";
  },
);
