/** What `kubectl get` shows of every kind, beside the table of what upstream prints. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { apiVersionOf } from "../../shared/resources/resource.ts";
import { tableOf } from "../tables/table.ts";
import { builtInStrategies } from "./all.ts";

interface Row {
  readonly name: string;
  /** `Name`, `Age`, `IP*`, `Desired:integer`; a format in brackets, but that of `Name`. */
  readonly columns: readonly string[];
}

const ROWS: readonly Row[] = readFileSync(join(import.meta.dirname, "../../test/golden/table-columns.tsv"), "utf8")
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => {
    const [group = "", version = "", kind = "", columns = ""] = line.split("\t");
    const apiVersion = apiVersionOf({ group: group === "core" ? "" : group, version });
    return { name: `${apiVersion} ${kind}`, columns: columns.split(", ") };
  });

const listed = builtInStrategies
  .filter((strategy) => strategy.use(({ verbs }) => verbs.includes("list")))
  .map((strategy) => ({ strategy, name: `${apiVersionOf(strategy.resource)} ${strategy.resource.kind}` }));

describe("the columns", () => {
  it.each(listed)("of $name are upstream's", ({ strategy, name }) => {
    const { columnDefinitions } = tableOf(strategy, [], { nowMs: 0 });
    const shown = columnDefinitions.map(({ name: column, type, format, priority }) => {
      const isName = column === "Name" && format === "name";
      const form = format === "" || isName ? "" : `(${format})`;
      return `${column}${type === "string" && form === "" ? "" : `:${type}${form}`}${priority === 0 ? "" : "*"}`;
    });
    expect(shown).toEqual(ROWS.find((row) => row.name === name)?.columns);
    expect(columnDefinitions.every(({ description }) => description !== "")).toBe(true);
    // kubectl looks for it when rows of several kinds are printed.
    expect(columnDefinitions.filter(({ format }) => format === "name")[0]?.name).toBe("Name");
  });
});
