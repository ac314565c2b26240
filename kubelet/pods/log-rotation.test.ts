import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { systemClock } from "../../shared/process/clock.ts";
import type { ContainerRuntime } from "../runtime/runtime.ts";
import { rotateLog } from "./log-rotation.ts";

const LOG_BYTES_MAX = 100_000;
const LOG_FILES_MAX = 5;

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
  const node = { settings: { logs: { bytesMax: LOG_BYTES_MAX, filesMax: LOG_FILES_MAX } } };
  return { runtime, node, clock: { ...systemClock, nowMs: () => second * 1000 } };
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
    expect(names.toSorted()).toEqual([
      "0.log",
      "0.log.19700101-000004.gz",
      "0.log.19700101-000005.gz",
      "0.log.19700101-000006.gz",
      "0.log.19700101-000007",
    ]);
    expect(gunzipSync(readFileSync(join(directory, "0.log.19700101-000004.gz")))).toHaveLength(LOG_BYTES_MAX);
  });

  it("reads nothing through links that a pod left there", async () => {
    const secret = join(directory, "secret");
    writeFileSync(secret, "x".repeat(2 * LOG_BYTES_MAX));
    symlinkSync(secret, join(directory, "0.log.19700101-000001"));
    truncateSync(file, LOG_BYTES_MAX);
    await rotateLog(context(reopen, 5), { id: "c", logPath: file });
    expect(readdirSync(directory)).not.toContain("0.log.19700101-000001.gz");
    rmSync(file);
    symlinkSync(secret, file);
    expect(await rotateLog(context(reopen, 9), { id: "c", logPath: file })).toBe(false);
    expect(existsSync(secret)).toBe(true);
  });

  it("puts the file back when the runtime does not take a new one", async () => {
    truncateSync(file, LOG_BYTES_MAX);
    const refuse = () => Promise.reject(new Error("no"));
    await expect(rotateLog(context(refuse), { id: "c", logPath: file })).rejects.toThrow("no");
    expect(existsSync(file)).toBe(true);
    expect(readdirSync(directory)).toEqual(["0.log"]);
  });
});
