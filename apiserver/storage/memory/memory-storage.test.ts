import { ManualClock } from "../../../test/support/manual-clock.ts";
import { storageConformance } from "../storage-conformance.ts";
import { MemoryStorage } from "./memory-storage.ts";

storageConformance("memory storage", async () => {
  const clock = new ManualClock();
  const storage = new MemoryStorage(clock);
  return { storage, passSeconds: (seconds) => clock.advance(seconds * 1000), close: () => storage.close() };
});
