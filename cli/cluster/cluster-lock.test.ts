import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { withClusterLock } from "./cluster-lock.ts";

const NAME = `lock-test-${process.pid}`;
const never = (): void => {
  throw new Error("nobody else works on it");
};

describe("the lock of a cluster", () => {
  it("lets one command work at a time, and says that the other waits", async () => {
    const events: string[] = [];
    let release = (): void => undefined;
    const first = withClusterLock(NAME, never, async () => {
      events.push("first begins");
      await new Promise<void>((resolve) => (release = resolve));
      events.push("first ends");
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const second = withClusterLock(
      NAME,
      () => {
        events.push("second waits");
        release();
      },
      async () => void events.push("second works"),
    );
    await Promise.all([first, second]);
    expect(events).toEqual(["first begins", "second waits", "first ends", "second works"]);
  });

  it("is free after work that failed, and for other clusters", async () => {
    await withClusterLock(NAME, never, async () => {
      await withClusterLock(`${NAME}-other`, never, async () => undefined);
      throw new Error("failed");
    }).catch(() => undefined);
    await withClusterLock(NAME, never, async () => undefined);
  });

  it("is free when its holder was killed", async () => {
    const module = join(import.meta.dirname, "cluster-lock.ts");
    const script = `
      const { withClusterLock } = await import(${JSON.stringify(module)});
      await withClusterLock(${JSON.stringify(NAME)}, () => {}, async () => process.kill(process.pid, "SIGKILL"));`;
    expect(spawnSync(process.execPath, ["--input-type=module", "-e", script]).signal).toBe("SIGKILL");
    await withClusterLock(NAME, never, async () => undefined);
  });
});
