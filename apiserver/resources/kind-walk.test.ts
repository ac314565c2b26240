/** Takes every kind through its API on the two stores that need nothing beside them; etcd's turn is an integration test. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../shared/process/clock.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import { startTestApiServer } from "../../test/support/api-server.ts";
import { walkKinds } from "../../test/support/kind-walk.ts";
import { SqliteStorage } from "../storage/sqlite/sqlite-storage.ts";

describe("the API of every kind in memory", () => {
  walkKinds(() => startTestApiServer());
});

describe("the API of every kind on SQLite", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "kind-walk-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  walkKinds(() => {
    const file = join(folder, "state.db");
    return startTestApiServer({ storage: new SqliteStorage({ file, clock: systemClock, logger: silentLogger }) });
  });
});
