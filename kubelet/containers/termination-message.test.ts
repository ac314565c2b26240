import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execFileSync } from "node:child_process";
import { aRun } from "../../test/support/pod-builders.ts";
import { kubeletPaths } from "../node/kubelet-paths.ts";
import { TERMINATION_MESSAGE_POLICY_ANNOTATION } from "../runtime/labels.ts";
import type { RuntimeContainer } from "../runtime/runtime.ts";
import { readTerminationMessage, terminationLogFile } from "./termination-message.ts";

describe("readTerminationMessage", () => {
  let root: string;
  let log: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "kubernode-words-"));
    log = join(root, "0.log");
    mkdirSync(dirname(wordsFile()), { recursive: true });
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const wordsFile = (): string => terminationLogFile(kubeletPaths(root), "uid-1", "main", 0);
  const ended = (more: Partial<RuntimeContainer> = {}): RuntimeContainer =>
    aRun("main", "exited", {
      exitCode: 1,
      logPath: log,
      annotations: { [TERMINATION_MESSAGE_POLICY_ANNOTATION]: "FallbackToLogsOnError" },
      ...more,
    });
  const read = (container = ended()): string => readTerminationMessage(kubeletPaths(root), "uid-1", container);
  const line = (text: string): string => `2026-01-01T00:00:00.000000000Z stdout F ${text}\n`;

  it("takes what the container wrote, its end when it is long", () => {
    writeFileSync(wordsFile(), `${"a".repeat(5000)}end`);
    expect(read()).toBe(`${"a".repeat(4093)}end`);
    writeFileSync(log, line("log"));
    writeFileSync(wordsFile(), "words");
    expect(read()).toBe("words");
    expect(read(ended({ message: "runtime" }))).toBe("runtime: words");
  });

  it.each([
    ["a failure", {}, "one\ntwo\n"],
    ["a success", { exitCode: 0 }, ""],
    ["another policy", { annotations: { [TERMINATION_MESSAGE_POLICY_ANNOTATION]: "File" } }, ""],
    ["a container that never ran", { reason: "ContainerCannotRun", message: "no" }, "no"],
  ] satisfies [string, Partial<RuntimeContainer>, string][])("falls back to the log after %s", (_what, more, text) => {
    writeFileSync(log, line("one") + line("two"));
    expect(read(ended(more))).toBe(text);
  });

  it("takes the last 80 lines, and 2 KiB of them", () => {
    writeFileSync(log, Array.from({ length: 200 }, (_, index) => line(`${index}`)).join(""));
    expect(read().split("\n").filter(Boolean)).toHaveLength(80);
    writeFileSync(log, Array.from({ length: 80 }, () => line("\u00e9".repeat(100))).join(""));
    expect(Buffer.byteLength(read())).toBeLessThanOrEqual(2050);
  });

  it("follows no link and waits for no pipe", () => {
    const secret = join(root, "secret");
    writeFileSync(secret, line("secret"));
    symlinkSync(secret, log);
    symlinkSync(secret, wordsFile());
    expect(read()).toBe("");
    rmSync(log);
    execFileSync("mkfifo", [log]);
    expect(read()).toBe("");
    expect(read(ended({ logPath: root }))).toBe("");
  });
});
