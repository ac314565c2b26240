import { MessageChannel } from "node:worker_threads";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StatusError } from "../../../shared/errors/status-error.ts";
import { silentLogger } from "../../../shared/process/logger.ts";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { MemoryStorage } from "../memory/memory-storage.ts";
import { SqliteStorage } from "../sqlite/sqlite-storage.ts";
import { type Storage, StorageUnavailableError } from "../storage.ts";
import { storageConformance } from "../storage-conformance.ts";
import type { AnswerBatch, CallBatch } from "./messages.ts";
import { RemoteStorage } from "./remote-storage.ts";
import { StorageService } from "./storage-service.ts";

/** The two ends over a real port, so that everything is cloned as between threads. */
function over(storage: Storage): { remote: RemoteStorage; service: StorageService; close(): Promise<void> } {
  const { port1, port2 } = new MessageChannel();
  const remote = new RemoteStorage((message, transfer) => port1.postMessage(message, transfer));
  const service = new StorageService(storage, (message, transfer) => port2.postMessage(message, transfer));
  port1.on("message", (message: AnswerBatch) => remote.receive(message));
  port2.on("message", (message: CallBatch) => service.receive(message));
  return {
    remote,
    service,
    close: async () => {
      await remote.close();
      service.close();
      await storage.close();
      port1.close();
    },
  };
}

storageConformance("RemoteStorage over the memory store", async () => {
  const clock = new ManualClock();
  const { remote, close } = over(new MemoryStorage(clock));
  return { storage: remote, passSeconds: (seconds) => clock.advance(seconds * 1000), close };
});

storageConformance("RemoteStorage over the SQLite store", async () => {
  const folder = mkdtempSync(join(tmpdir(), "remote-storage-"));
  const clock = new ManualClock();
  const { remote, close } = over(new SqliteStorage({ file: join(folder, "state.db"), clock, logger: silentLogger }));
  return {
    storage: remote,
    passSeconds: (seconds) => clock.advance(seconds * 1000),
    close: async () => {
      await close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
});

describe("RemoteStorage", () => {
  it("gives the API's own errors of the store to the caller as they were", async () => {
    const storage = new MemoryStorage(new ManualClock());
    storage.create = () => Promise.reject(new StatusError("RequestEntityTooLarge", "too large"));
    const { remote, close } = over(storage);
    const failure = await remote.create("/registry/a/x", Buffer.from("x")).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StatusError);
    expect(failure).toMatchObject({ reason: "RequestEntityTooLarge", code: 413, message: "too large" });
    await close();
  });

  it("rejects what is waiting when it is closed, and everything after", async () => {
    const storage = new MemoryStorage(new ManualClock());
    storage.get = () => new Promise(() => undefined);
    const { remote, close } = over(storage);
    const waiting = remote.get("/registry/a/x");
    await Promise.all([expect(waiting).rejects.toBeInstanceOf(StorageUnavailableError), close()]);
    await expect(remote.currentRevision()).rejects.toBeInstanceOf(StorageUnavailableError);
  });
});
