import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPidFile, stopByPidFile, writePidFile } from "./pid-file.ts";

describe("pid files", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pid-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("name a process while it lives", async () => {
    const path = join(folder, "sub", "sleep.pid");
    const child = spawn("sleep", ["60"]);
    writePidFile(path, child.pid ?? 0);
    expect(readPidFile(path)?.pid).toBe(child.pid);
    await stopByPidFile(path, 2000);
    expect(readPidFile(path)).toBeUndefined();
    expect(child.signalCode ?? "SIGTERM").toBe("SIGTERM");
  });

  it("do not name a process that got the same pid later", () => {
    const path = join(folder, "reused.pid");
    writePidFile(path, process.pid);
    const [pid] = readFileSync(path, "utf8").split(" ");
    writeFileSync(path, `${pid} 1\n`);
    expect(readPidFile(path)).toBeUndefined();
  });

  it("end a process that does not listen", async () => {
    const path = join(folder, "deaf.pid");
    const child = spawn("sh", ["-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"]);
    await new Promise((resolve) => child.stdout.once("data", resolve));
    writePidFile(path, child.pid ?? 0);
    await stopByPidFile(path, 200);
    expect(readPidFile(path)).toBeUndefined();
  });
});
