/** The tables of kinds in `docs/compatibility.md` say what the code serves, and forget nothing of 1.36. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { builtInStrategies } from "../../apiserver/resources/all.ts";
import { apiVersionOf } from "../../shared/resources/resource.ts";
import { ROOT } from "./source-files.ts";

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** `group/version Kind` of a cell; what stands in brackets is a remark. */
function kindsOf(groupVersion: string, cell: string | undefined): string[] {
  const names = (cell ?? "").replaceAll(/\([^)]*\)/gu, "").split(",");
  return names.map((name) => name.trim()).flatMap((name) => (name === "" ? [] : [`${groupVersion} ${name}`]));
}

const rows = read("docs/compatibility.md")
  .split("## Verbs")[0]
  ?.split("\n")
  .filter((line) => /^\| \S*v1\S* \||^\| \S*v2\S* \|/u.test(line))
  .map((line) => line.split("|").map((cell) => cell.trim()));
const served = (rows ?? []).flatMap(([, version = "", works, stored]) => [
  ...kindsOf(version, works),
  ...kindsOf(version, stored),
]);
const notServed = (rows ?? []).flatMap(([, version = "", , , missing]) => kindsOf(version, missing));

describe("docs/compatibility.md", () => {
  it("names every kind that is served, and no other, as served", () => {
    const actual = builtInStrategies.map(({ resource }) => `${apiVersionOf(resource)} ${resource.kind}`);
    expect(served.toSorted()).toEqual([...new Set(actual)].toSorted());
  });

  it("names every kind of 1.36 that is not served", () => {
    const all = read("test/golden/api-resources.tsv")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split("\t"))
      .map(([group = "", version = "", , kind = ""]) => `${group === "core" ? "" : `${group}/`}${version} ${kind}`);
    const missing = [...new Set(all)].filter((kind) => !served.includes(kind));
    expect(notServed.toSorted()).toEqual(missing.toSorted());
  });
});
