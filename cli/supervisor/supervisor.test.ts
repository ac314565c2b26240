import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readPidFile, stopByPidFile } from "../machine/pid-file.ts";
import { logPath, pidPath, type SupervisorPlan } from "./process-spec.ts";
import { nextRestartDelayMs } from "./restart-delay.ts";

const MAIN = join(import.meta.dirname, "main.ts");

describe("the supervisor", () => {
  let folder = "";
  let plan: SupervisorPlan = { runDir: "", logDir: "", processes: [] };
  const supervisors: ChildProcess[] = [];

  const start = (stdout: number | "ignore" = "ignore"): ChildProcess => {
    const path = join(folder, "plan.json");
    writeFileSync(path, JSON.stringify(plan));
    const child = spawn(process.execPath, [MAIN, path], { stdio: ["ignore", stdout, "ignore"] });
    supervisors.push(child);
    return child;
  };
  const pid = (name: string): number => readPidFile(pidPath(plan, name))?.pid ?? 0;
  const until = async (isTrue: () => boolean): Promise<void> => {
    for (let tries = 0; !isTrue(); tries++) {
      if (tries > 500) throw new Error("waited in vain");
      await sleep(20);
    }
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "supervisor-"));
    plan = {
      runDir: folder,
      logDir: join(folder, "logs"),
      processes: [{ name: "sleeper", program: "sleep", args: ["600"] }],
    };
  });
  afterEach(async () => {
    for (const child of supervisors.splice(0)) child.kill("SIGKILL");
    await stopByPidFile(pidPath(plan, "sleeper"), 1000);
    rmSync(folder, { recursive: true, force: true });
  });

  it("goes on when its own log takes nothing any more", async () => {
    const full = openSync("/dev/full", "w");
    start(full);
    closeSync(full);
    await until(() => pid("sleeper") > 0);
    const first = pid("sleeper");
    process.kill(first, "SIGKILL");
    await until(() => pid("sleeper") !== first && pid("sleeper") > 0);
  });

  it("starts a killed process again", async () => {
    start();
    await until(() => pid("sleeper") > 0);
    const first = pid("sleeper");
    process.kill(first, "SIGKILL");
    await until(() => pid("sleeper") > 0 && pid("sleeper") !== first);
  });

  it("adopts what an earlier one left running, and starts it again when it ends", async () => {
    const first = start();
    await until(() => pid("sleeper") > 0);
    const sleeper = pid("sleeper");
    first.kill("SIGKILL");
    await sleep(50);
    expect(pid("sleeper")).toBe(sleeper);
    start();
    await sleep(300);
    expect(pid("sleeper")).toBe(sleeper);
    process.kill(sleeper, "SIGKILL");
    await until(() => pid("sleeper") > 0 && pid("sleeper") !== sleeper);
  });

  it("keeps what a process prints", async () => {
    plan = {
      ...plan,
      processes: [{ name: "sleeper", program: "sh", args: ["-c", "echo out; echo err >&2; sleep 600"] }],
    };
    start();
    await until(() => pid("sleeper") > 0 && readFileSync(logPath(plan, "sleeper"), "utf8").includes("err"));
    expect(readFileSync(logPath(plan, "sleeper"), "utf8")).toBe("out\nerr\n");
  });
});

describe("the delay before a restart", () => {
  it("doubles to a limit while a process keeps ending, and starts over after a good run", () => {
    const delays = [undefined, 100, 200, 6400, 10_000].map((previous) => nextRestartDelayMs(previous, 50));
    expect(delays).toEqual([100, 200, 400, 10_000, 10_000]);
    expect(nextRestartDelayMs(10_000, 60_000)).toBe(100);
  });
});
