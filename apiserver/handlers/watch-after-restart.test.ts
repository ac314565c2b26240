import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../shared/process/clock.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import { configMaps } from "../../shared/resources/catalog.ts";
import { startTestApiServer, type TestApiServer } from "../../test/support/api-server.ts";
import { SqliteStorage } from "../storage/sqlite/sqlite-storage.ts";

const folder = mkdtempSync(join(tmpdir(), "watch-after-restart-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const start = (): Promise<TestApiServer> =>
  startTestApiServer({
    storage: new SqliteStorage({ file: join(folder, "state.db"), clock: systemClock, logger: silentLogger }),
  });

it("a watch that resumes after a restart on the same file gets exactly what it missed", async () => {
  const first = await start();
  const revisions: string[] = [];
  try {
    for (let index = 0; index < 100; index++) {
      const at = { metadata: { name: `object-${index}` } };
      const made = await first.client.create(configMaps, at, { namespace: "default" });
      revisions.push(`ADDED object-${index} ${made.metadata.resourceVersion}`);
    }
    await first.client.delete(configMaps, { namespace: "default", name: "object-7" });
  } finally {
    await first.stop();
  }
  const second = await start();
  try {
    const since = revisions[49]?.split(" ").at(-1) ?? "";
    const seen: string[] = [];
    const ended = new AbortController();
    const options = { namespace: "default", resourceVersion: since, signal: ended.signal };
    for await (const event of second.client.watch(configMaps, options)) {
      if (event.type === "BOOKMARK" || event.type === "ERROR") throw new Error(JSON.stringify(event));
      const { name, resourceVersion } = event.object.metadata;
      if (!name?.startsWith("object-")) continue;
      seen.push(`${event.type} ${name} ${event.type === "DELETED" ? "" : resourceVersion}`);
      if (event.type === "DELETED") break;
    }
    ended.abort();
    expect(seen).toEqual([...revisions.slice(50), "DELETED object-7 "]);
  } finally {
    await second.stop();
  }
});
