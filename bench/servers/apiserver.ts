/**
 * The whole apiserver with so many pods of so many bytes: `apiserver.ts JSON`, see `ServerSetup`. What is asked of it
 * over IPC goes around the API: changes of one object, a further thread.
 */
import { encodeStored } from "../../apiserver/storage/codec.ts";
import { openStorage } from "../../apiserver/storage/open-storage.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import { startTestApiServer } from "../../test/support/api-server.ts";
import { samplePod } from "../support/sample-pod.ts";
import { serve } from "./ipc.ts";
import { BENCH_TOKEN, type ServerRequest, type ServerSetup } from "./setup.ts";

const setup = JSON.parse(process.argv[2] ?? "{}") as ServerSetup;
const { count = 0, bytes = 0, isPlain = false, threads = 1, store = { backend: "memory" } } = setup;
const WRITES_AT_ONCE = 200;
const CHANGED_KEY = "/registry/configmaps/default/changed";

const storage = await openStorage({ ...store, clock: systemClock, logger: silentLogger });
let next = 0;
await Promise.all(
  Array.from({ length: WRITES_AT_ONCE }, async () => {
    while (next < count) {
      const pod = samplePod(next++, bytes);
      const { namespace, name } = pod["metadata"] as { namespace: string; name: string };
      await storage.create(`/registry/pods/${namespace}/${name}`, encodeStored(pod));
    }
  }),
);
const loadStart = performance.now();
const api = await startTestApiServer({
  storage,
  servingThreads: threads,
  staticTokens: `${BENCH_TOKEN},bench,bench,"system:masters"`,
  ...(isPlain ? { tls: undefined } : {}),
});
const readyMs = performance.now() - loadStart;

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
  { port: api.port, isPlain, ca: api.authority.certificate, cert: api.admin.certificate, key: api.admin.key },
  async (asked) => {
    const request = asked as ServerRequest;
    switch (request.do) {
      case "change":
        await change(request.times, request.valueBytes);
        return "done";
      case "thread":
        await api.server.threads?.start();
        return "done";
      case "readyMs":
        return readyMs;
    }
  },
);
