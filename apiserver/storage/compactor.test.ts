import { silentLogger } from "../../shared/process/logger.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { runCompactor } from "./compactor.ts";
import { MemoryStorage } from "./memory/memory-storage.ts";
import { CompactedError } from "./storage.ts";

it("keeps between five and ten minutes of history", async () => {
  const clock = new ManualClock();
  const storage = new MemoryStorage(clock);
  const stop = new AbortController();
  const running = runCompactor({ storage, clock, logger: silentLogger }, stop.signal);
  const first = await storage.create("/registry/a/x", Buffer.from("one"));
  const second = await storage.update("/registry/a/x", Buffer.from("two"), first.revision);
  await clock.advance(300_000);
  const third = await storage.update("/registry/a/x", Buffer.from("three"), second.revision);
  expect((await storage.get("/registry/a/x", { revision: first.revision })).item).toBeDefined();
  await clock.advance(300_000);
  await expect(storage.get("/registry/a/x", { revision: first.revision })).rejects.toBeInstanceOf(CompactedError);
  expect((await storage.get("/registry/a/x", { revision: second.revision })).item?.value.toString()).toBe("two");
  expect((await storage.get("/registry/a/x", { revision: third.revision })).item?.value.toString()).toBe("three");
  await clock.advance(900_000);
  expect((await storage.get("/registry/a/x")).item?.value.toString()).toBe("three");
  stop.abort();
  await running;
});

it("keeps all of it when it is told never to forget", async () => {
  const storage = new MemoryStorage(new ManualClock());
  await runCompactor(
    { storage, clock: new ManualClock(), logger: silentLogger, intervalMs: 0 },
    new AbortController().signal,
  );
  const { revision } = await storage.create("/registry/a/x", Buffer.from("one"));
  expect((await storage.get("/registry/a/x", { revision })).item).toBeDefined();
});
