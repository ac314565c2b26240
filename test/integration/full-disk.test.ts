import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteStorage } from "../../apiserver/storage/sqlite/sqlite-storage.ts";
import type { ConfigMap } from "../../shared/api/generated/core/v1.ts";
import type { Status } from "../../shared/api/generated/meta/v1.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import { type ApiAnswer, ask } from "../support/api-request.ts";
import { startTestApiServer, type TestApiServer } from "../support/api-server.ts";

const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";
const DISK = "8m";
const BIG = "x".repeat(200_000);
/** More writes of that size than the disk has room for. */
const WRITES_MAX = 200;

let folder: string;
let api: TestApiServer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "kubernode-full-"));
  execFileSync("/bin/mount", ["-t", "tmpfs", "-o", `size=${DISK}`, "tmpfs", folder]);
  const storage = new SqliteStorage({ file: join(folder, "state.db"), clock: systemClock, logger: silentLogger });
  api = await startTestApiServer({ storage });
});
afterAll(async () => {
  await api.stop();
  execFileSync("/bin/umount", [folder]);
  rmSync(folder, { recursive: true });
});

const create = (name: string): Promise<ApiAnswer> =>
  ask(api, CONFIG_MAPS, { method: "POST", body: { metadata: { name }, data: { text: BIG } } });

test("a full disk fails writes with a Status, keeps reads going, and is over when there is room again", async () => {
  expect((await create("first")).code).toBe(201);
  // Room that can be given back: what fills the disk beside the database.
  writeFileSync(join(folder, "ballast"), Buffer.alloc(3_000_000));
  const written = ["first"];
  let refused: ApiAnswer | undefined;
  for (let index = 0; index < WRITES_MAX && refused === undefined; index += 1) {
    const answer = await create(`more-${index}`);
    if (answer.code === 201) written.push(`more-${index}`);
    else refused = answer;
  }
  expect([refused?.code, refused?.json<Status>().kind]).toEqual([expect.any(Number), "Status"]);
  expect(refused?.code).toBeGreaterThanOrEqual(500);
  expect((await create("again")).json<Status>().status).toBe("Failure");
  expect((await ask(api, `${CONFIG_MAPS}/first`)).json<ConfigMap>().data?.["text"]).toBe(BIG);
  expect((await ask(api, "/livez/ping")).code).toBe(200);

  rmSync(join(folder, "ballast"));
  expect((await create("after")).code).toBe(201);
  const names = (await ask(api, CONFIG_MAPS)).json<{ items: ConfigMap[] }>().items.map(({ metadata }) => metadata.name);
  expect(names).toEqual(expect.arrayContaining([...written, "after"]));
  expect(names).not.toContain("again");
}, 60_000);
