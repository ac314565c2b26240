import { existsSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../shared/process/clock.ts";
import type { ContainerRuntime } from "../runtime/runtime.ts";
import { LOG_BYTES_MAX, LOG_FILES_MAX, rotateLog } from "./log-rotation.ts";

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kubelet-rotation-"));
  file = join(directory, "0.log");
  writeFileSync(file, "");
});
afterEach(() => rmSync(directory, { recursive: true }));

function context(reopenLog: () => Promise<void>, second = 0) {
  const runtime = { reopenLog } as unknown as ContainerRuntime;
  return { runtime, clock: { ...systemClock, nowMs: () => second * 1000 } };
}
const reopen = async (): Promise<void> => writeFileSync(file, "");

describe("rotateLog", () => {
  it("leaves a small file, and one that is gone", async () => {
    expect(await rotateLog(context(reopen), { id: "c", logPath: file })).toBe(false);
    expect(await rotateLog(context(reopen), { id: "c", logPath: join(directory, "none") })).toBe(false);
  });

  it("keeps a few large ones", async () => {
    for (let second = 0; second < LOG_FILES_MAX + 3; second++) {
      truncateSync(file, LOG_BYTES_MAX);
      expect(await rotateLog(context(reopen, second), { id: "c", logPath: file })).toBe(true);
    }
    const names = readdirSync(directory);
    expect(names).toHaveLength(LOG_FILES_MAX);
    expect(names).toContain("0.log.19700101-000007");
  });

  it("puts the file back when the runtime does not take a new one", async () => {
    truncateSync(file, LOG_BYTES_MAX);
    const refuse = () => Promise.reject(new Error("no"));
    await expect(rotateLog(context(refuse), { id: "c", logPath: file })).rejects.toThrow("no");
    expect(existsSync(file)).toBe(true);
    expect(readdirSync(directory)).toEqual(["0.log"]);
  });
});
