import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { silentLogger } from "../../../shared/process/logger.ts";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { RecordingSink, storageConformance } from "../storage-conformance.ts";
import { StorageUnavailableError } from "../storage.ts";
import { SqliteStorage } from "./sqlite-storage.ts";

const folder = mkdtempSync(join(tmpdir(), "kubernode-sqlite-"));
let files = 0;
const newFile = (): string => join(folder, `${++files}.db`);
const open = (file: string, clock = new ManualClock()): SqliteStorage =>
  new SqliteStorage({ file, clock, logger: silentLogger });

afterAll(() => rmSync(folder, { recursive: true, force: true }));

storageConformance("SQLite storage", async () => {
  const clock = new ManualClock();
  const storage = open(newFile(), clock);
  return { storage, passSeconds: (seconds) => clock.advance(seconds * 1000), close: () => storage.close() };
});

describe("SQLite storage on disk", () => {
  it("has everything after a reopen, revisions and compaction included", async () => {
    const file = newFile();
    const first = open(file);
    const created = await first.create("/registry/a/x", Buffer.from("one"));
    const deleted = await first.create("/registry/a/y", Buffer.from("two"));
    await first.delete("/registry/a/y", deleted.revision);
    const revision = await first.currentRevision();
    await first.compact(revision);
    await first.close();
    const second = open(file);
    expect(await second.currentRevision()).toBe(revision);
    expect((await second.get("/registry/a/x")).item?.modRevision).toBe(created.revision);
    await expect(second.range("/registry/", { revision: revision - 1 })).rejects.toThrow("compacted");
    expect((await second.create("/registry/a/z", Buffer.from("three"))).revision).toBe(revision + 1);
    await second.close();
  });

  it("delivers history from before the reopen to a watch", async () => {
    const file = newFile();
    const first = open(file);
    const from = await first.currentRevision();
    await first.create("/registry/a/x", Buffer.from("one"));
    await first.close();
    const second = open(file);
    const sink = new RecordingSink();
    second.watch("/registry/", from, sink);
    await second.create("/registry/a/y", Buffer.from("two"));
    await sink.until(({ seen }) => seen.length === 2);
    expect(sink.seen.map((text) => text.split("=")[1])).toEqual(["one", "two"]);
    await second.close();
  });

  it("commits concurrent writes together", async () => {
    const storage = open(newFile());
    const sink = new RecordingSink();
    storage.watch("/registry/", await storage.currentRevision(), sink);
    const writes = Array.from({ length: 100 }, (_, index) => storage.create(`/registry/a/${index}`, Buffer.from("x")));
    await Promise.all(writes);
    expect(sink.seen).toHaveLength(100);
    await storage.close();
  });

  it("refuses calls after close, and a second process the file", async () => {
    const file = newFile();
    const storage = open(file);
    expect(() => open(file)).toThrow("locked");
    await storage.close();
    await expect(storage.create("/registry/a/x", Buffer.from("x"))).rejects.toBeInstanceOf(StorageUnavailableError);
    await expect(storage.get("/registry/a/x")).rejects.toBeInstanceOf(StorageUnavailableError);
  });

  it("has every acknowledged write after kill -9", async () => {
    for (let round = 0; round < 3; round++) {
      const file = newFile();
      const script = join(import.meta.dirname, "write-until-killed.ts");
      const child = spawn(process.execPath, [script, file], { stdio: ["ignore", "pipe", "inherit"] });
      const acknowledged: string[] = [];
      for await (const line of createInterface({ input: child.stdout })) {
        acknowledged.push(line);
        if (acknowledged.length === 300 + round * 50) child.kill("SIGKILL");
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      const storage = open(file);
      const { items } = await storage.range("/registry/");
      const stored = new Set(items.map((item) => `${item.key} ${item.modRevision}`));
      expect(acknowledged.length).toBeGreaterThanOrEqual(300);
      expect(acknowledged.filter((line) => line.endsWith("\u0000") || !stored.has(line))).toEqual([]);
      await storage.close();
    }
  });
});
