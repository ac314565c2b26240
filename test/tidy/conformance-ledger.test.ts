/**
 * `test/conformance-ledger.json`: one row for each of the 443 conformance tests of Kubernetes 1.36. `test` names the
 * test of ours that shows the same behaviour as `<file>#<test name>`, or is null while there is none.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ledger from "../conformance-ledger.json" with { type: "json" };
import { ROOT } from "./source-files.ts";

interface Row {
  readonly area: string;
  readonly release: string;
  readonly name: string;
  readonly test: string | null;
}

const rows: readonly Row[] = ledger;

/** Why a reference leads nowhere, or nothing when the test exists. */
function whyMissing(reference: string): string | undefined {
  const at = reference.indexOf("#");
  if (at < 0) return `"${reference}" is not <file>#<test name>`;
  const [file, name] = [reference.slice(0, at), reference.slice(at + 1)];
  if (!file.endsWith(".ts") || !existsSync(join(ROOT, file))) return `no test file ${file}`;
  const text = readFileSync(join(ROOT, file), "utf8");
  const isThere = [`"${name}"`, `'${name}'`, `\`${name}\``].some((quoted) => text.includes(quoted));
  return isThere ? undefined : `no test "${name}" in ${file}`;
}

describe("the conformance ledger", () => {
  it("has the 443 tests of 1.36, each once", () => {
    expect(rows).toHaveLength(443);
    expect(new Set(rows.map((row) => row.name)).size).toBe(443);
    expect(rows.filter((row) => row.release === "v1.37")).toEqual([]);
  });

  it("names only tests that exist", () => {
    expect(rows.flatMap((row) => (row.test === null ? [] : (whyMissing(row.test) ?? [])))).toEqual([]);
  });

  it("would notice a test that does not exist", () => {
    expect(whyMissing("test/tidy/conformance-ledger.test.ts#has the 443 tests of 1.36, each once")).toBeUndefined();
    expect(whyMissing("test/tidy/conformance-ledger.test.ts#has the 444 tests")).toContain("no test");
    expect(whyMissing("test/tidy/none.test.ts#x")).toContain("no test file");
    expect(whyMissing("free words")).toContain("is not");
  });
});
