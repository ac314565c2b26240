/** Child process of the crash test: writes for ever, and prints `key revision` of each acknowledged write. */
import { writeSync } from "node:fs";
import { silentLogger } from "../../../shared/process/logger.ts";
import { systemClock } from "../../../shared/process/clock.ts";
import { SqliteStorage } from "./sqlite-storage.ts";

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error("usage: write-until-killed.ts FILE");
const storage = new SqliteStorage({ file, clock: systemClock, logger: silentLogger });
let count = 0;

async function write(writer: number): Promise<void> {
  for (;;) {
    const key = `/registry/a/${writer}-${++count}`;
    const { revision } = await storage.create(key, Buffer.alloc(2000, 120));
    writeSync(1, `${key} ${revision}\n`);
  }
}

await Promise.all([1, 2, 3, 4, 5].map(write));
