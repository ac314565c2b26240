/**
 * `npm test`: installs what the suites need, runs them all and ends with one line that counts them together.
 *
 *   node test/run.ts              unit, then integration, reliability and e2e
 *   node test/run.ts unit         only the named kinds
 *
 * Unit suites run side by side; the others own real daemons, namespaces and iptables, so they run one at a time.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installTestPackages } from "./support/packages.ts";

const KINDS = ["unit", "integration", "reliability", "e2e"] as const;
type Kind = (typeof KINDS)[number];

interface JestSummary {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly { readonly name: string; readonly status: string }[];
}

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

const ROOT = join(import.meta.dirname, "..");

function runKind(kind: Kind, totals: Totals): void {
  const folder = mkdtempSync(join(tmpdir(), "kubernode-test-"));
  const report = join(folder, "report.json");
  // Real daemons take their time on a busy machine; this is no assertion about speed, only an end to waiting.
  const serial = kind === "unit" ? [] : ["--runInBand", "--testTimeout=60000"];
  const jest = join(ROOT, "node_modules", "jest", "bin", "jest.js");
  const flags = ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning"];
  // A suite that failed may leave a server open: that must not keep the run from its last line.
  const ending = ["--forceExit"];
  process.stdout.write(`\n== ${kind}\n`);
  const result = spawnSync(
    process.execPath,
    [
      ...flags,
      jest,
      "--selectProjects",
      kind,
      "--json",
      "--outputFile",
      report,
      "--passWithNoTests",
      ...ending,
      ...serial,
    ],
    { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, FORCE_COLOR: "0" } },
  );
  try {
    const summary = JSON.parse(readFileSync(report, "utf8")) as JestSummary;
    totals.passed += summary.numPassedTests;
    // A suite that could not even load counts as one failure.
    totals.failed += summary.numFailedTests + summary.numRuntimeErrorTestSuites;
    totals.skipped += summary.numPendingTests;
    if (result.status !== 0 && summary.numFailedTests + summary.numRuntimeErrorTestSuites === 0) totals.failed += 1;
  } catch (err) {
    totals.failed += 1;
    process.stdout.write(`${kind}: jest left no report (${err instanceof Error ? err.message : String(err)})\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const named = process.argv.slice(2);
const unknown = named.filter((name) => !KINDS.some((kind) => kind === name));
if (unknown.length > 0) {
  process.stderr.write(`unknown kind of test: ${unknown.join(", ")} (there are ${KINDS.join(", ")})\n`);
  process.exit(2);
}
const kinds = named.length === 0 ? KINDS : KINDS.filter((kind) => named.includes(kind));
if (kinds.some((kind) => kind !== "unit")) installTestPackages();
const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
for (const kind of kinds) runKind(kind, totals);
const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : "";
process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed${skipped}\n`);
process.exit(totals.failed > 0 || totals.passed === 0 ? 1 : 0);
