/** What `kubectl get` shows of every kind, beside the table of what upstream prints. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startTestApiServer } from "../../test/support/api-server.ts";
import { ask } from "../../test/support/api-request.ts";
import { rulesOf } from "../../test/support/kind-rules.ts";
import { apiVersionOf } from "../../shared/resources/resource.ts";
import { tableOf } from "../tables/table.ts";
import { builtInStrategies } from "./all.ts";
import { podStrategy } from "./core/pod.ts";

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

describe("the rows", () => {
  it("of pods say that they are done", () => {
    const conditionsOf = (phase: string): unknown =>
      tableOf(podStrategy, [rulesOf(podStrategy).read({ spec: { containers: [] }, status: { phase } })], { nowMs: 0 })
        .rows[0]?.conditions;
    expect(conditionsOf("Running")).toBeUndefined();
    expect(conditionsOf("Succeeded")).toEqual([
      {
        type: "Completed",
        status: "True",
        reason: "Succeeded",
        message: "The pod has completed successfully.",
      },
    ]);
    expect(conditionsOf("Failed")).toMatchObject([{ reason: "Failed", message: "The pod failed." }]);
  });

  it("of flow schemas come in the order in which they match", async () => {
    const api = await startTestApiServer();
    try {
      const headers = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
      const answer = await ask(api, "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas", { headers });
      const { rows } = answer.json<{ rows: readonly { readonly cells: readonly unknown[] }[] }>();
      const order = rows.map(({ cells: [name, , precedence] }) => [precedence, name]);
      expect(order.length).toBeGreaterThan(5);
      expect(order).toEqual(
        order.toSorted(([a, x], [b, y]) => Number(a) - Number(b) || (String(x) < String(y) ? -1 : 1)),
      );
      expect(order[0]).toEqual([1, "exempt"]);
    } finally {
      await api.stop();
    }
  });
});
