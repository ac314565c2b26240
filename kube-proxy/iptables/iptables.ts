/** The `iptables` commands, of whichever backend this machine has chosen. Never through a shell. */
import { type ExecFileException, execFile } from "node:child_process";
import type { TableName } from "../rules/rule.ts";

export interface Iptables {
  save(): Promise<string>;
  /** Rejects with the tool's own words when the input was refused; a refused table has not changed. */
  restore(input: string): Promise<void>;
  /** True when the chain exists and has a rule. */
  hasRule(table: TableName, chain: string): Promise<boolean>;
}

/** How long a command waits for another's lock; with very many rules each takes seconds. */
const LOCK_WAIT_SECONDS = 5;
const COMMAND_TIMEOUT_MS = 60_000;
const OUTPUT_BYTES_MAX = 512 * 1024 * 1024;

/** A command ended with an error. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: number | string | undefined;

  constructor(command: string, output: string, cause: ExecFileException) {
    super(`${command}: ${output.trim() === "" ? cause.message : output.trim()}`, { cause });
    this.exitCode = cause.code ?? undefined;
  }
}

/** Runs a command, gives it `input`, resolves to its standard output. */
export function runCommand(command: string, args: readonly string[], input?: string): Promise<string> {
  const limits = { timeout: COMMAND_TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX, encoding: "utf8" } as const;
  return new Promise((resolve, reject) => {
    const child = execFile(command, [...args], limits, (cause, stdout, stderr) => {
      if (cause === null) resolve(stdout);
      else reject(new CommandError(command, stderr, cause));
    });
    // A command that ends before it has read everything breaks the pipe: its exit code tells the story.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input ?? "");
  });
}

export function createIptables(): Iptables {
  return {
    save: () => runCommand("iptables-save", []),
    restore: async (input) => {
      await runCommand("iptables-restore", ["--noflush", "--wait", String(LOCK_WAIT_SECONDS)], input);
    },
    hasRule: async (table, chain) => {
      try {
        const args = ["--wait", String(LOCK_WAIT_SECONDS), "-t", table, "-S", chain, "1"];
        return (await runCommand("iptables", args)).trim() !== "";
      } catch (err) {
        if (err instanceof CommandError && err.exitCode === 1) return false;
        throw err;
      }
    },
  };
}
