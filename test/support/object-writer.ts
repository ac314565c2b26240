/**
 * A client in a process of its own: `node test/support/object-writer.ts KUBECONFIG` creates one ConfigMap after the
 * other until its standard input ends, and then prints the names that the server acknowledged, as JSON.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createApiClient } from "../../shared/client/http-client.ts";
import { loadKubeconfig } from "../../shared/client/kubeconfig.ts";
import { configMaps } from "../../shared/resources/catalog.ts";

const WRITE_PAUSE_MS = 20;
const WRITER_LABELS = { writer: "object-writer" };

const client = createApiClient(loadKubeconfig(process.argv[2] ?? ""), { userAgent: "object-writer" });
const acknowledged: string[] = [];
let isStopped = false;
process.stdin.resume().on("end", () => {
  isStopped = true;
});
for (let index = 0; !isStopped; index++) {
  const name = `write-${process.pid}-${index}`;
  try {
    await client.create(
      configMaps,
      { metadata: { name, labels: WRITER_LABELS }, data: { index: String(index) } },
      { namespace: "default" },
    );
    acknowledged.push(name);
  } catch {
    // Not acknowledged: the server may have it or not.
  }
  await sleep(WRITE_PAUSE_MS);
}
await client.close();
process.stdout.write(JSON.stringify(acknowledged));
