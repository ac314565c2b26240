/**
 * Go programs for suites with foreign clients: the module `test/e2e/client-go` and the tools it names, built into
 * `.cache/go/`. Go is for tests only. Where it or a module is not to be had, the suite says so and is skipped; what
 * does not compile is a failure.
 */
import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");
const MODULE = join(ROOT, "test", "e2e", "client-go");
/** All modules are a few hundred megabytes. */
const DOWNLOAD_TIMEOUT_MS = 600_000;
/** A first build on a slow machine; later ones take seconds. */
const BUILD_TIMEOUT_MS = 1_500_000;

/** A program for a suite, or why there is none. */
export type Program =
  | { readonly kind: "built"; readonly path: string }
  | { readonly kind: "missing"; readonly reason: string };

function goCommand(): string | undefined {
  const known = ["go", "/usr/local/go/bin/go", "/usr/lib/go/bin/go"];
  return known.find((path) => spawnSync(path, ["version"], { stdio: "ignore" }).status === 0);
}

function runGo(go: string, args: readonly string[], timeout: number): SpawnSyncReturns<string> {
  const env = { ...process.env, GOTOOLCHAIN: "local", GOFLAGS: "-mod=readonly -buildvcs=false", CGO_ENABLED: "0" };
  return spawnSync(go, args, { cwd: MODULE, env, timeout, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
}

const missing = (reason: string): Program => ({ kind: "missing", reason });

/** Builds that package as `.cache/go/NAME`; throws when it does not compile. */
export function goProgram(name: string, goPackage: string): Program {
  const go = goCommand();
  if (go === undefined) return missing("there is no Go on this machine");
  const fetched = runGo(go, ["mod", "download"], DOWNLOAD_TIMEOUT_MS);
  if (fetched.status !== 0) {
    return missing(`its Go modules cannot be had: ${fetched.stderr.trim().split("\n").at(-1) ?? "timeout"}`);
  }
  const path = join(ROOT, ".cache", "go", name);
  const built = runGo(go, ["build", "-trimpath", "-ldflags=-s -w", "-o", path, goPackage], BUILD_TIMEOUT_MS);
  if (built.status !== 0 || !existsSync(path)) throw new Error(`go build ${goPackage}: ${built.stderr}`);
  return { kind: "built", path };
}

/** `describe`, or a skipped one that says why when the program is missing. */
export function describeWith(program: Program, name: string, body: (path: string) => void): void {
  if (program.kind === "built") describe(name, () => body(program.path));
  else describe.skip(`${name} (skipped: ${program.reason})`, () => body(""));
}
