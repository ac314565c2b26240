import { readFileSync } from "node:fs";
import { join } from "node:path";
import { groupResourceOf } from "../../shared/resources/resource.ts";
import { builtInStrategies } from "./all.ts";

/** What a server of release 1.36 offers: group, version, resource, kind, scope, short names, categories, verbs, subresources. */
const FACTS = readFileSync(join(import.meta.dirname, "../../test/golden/api-resources.tsv"), "utf8")
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => line.split("\t"));

const list = (text: string | undefined): string[] => (text === undefined || text === "" ? [] : text.split(","));

/** `log[get]; scale[get,patch,update]=autoscaling/v1 Scale`: names, and the kinds of those that have one. */
function subresourcesOf(text: string | undefined): [string, string][] {
  return (text ?? "")
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => {
      const [head = "", kind = ""] = part.split("=");
      return [head.split("[")[0] ?? "", kind.replace(/^\//, "")];
    });
}

const sorted = (rows: string[][]): string[] => rows.map((row) => row.join(" ")).toSorted();

const served = builtInStrategies.map((strategy) => {
  const { group, version, plural } = strategy.resource;
  return {
    name: `${groupResourceOf(strategy.resource)} ${version}`,
    strategy,
    fact: FACTS.find((row) => row[2] === plural && row[1] === version && (row[0] === "core" ? "" : row[0]) === group),
  };
});

/** Left out until the kubelet can do it: an update that nobody carries out would be a lie (`docs/compatibility.md`). */
const NOT_SERVED: ReadonlySet<string> = new Set([]);

describe("the resources", () => {
  it("come in the order of the API reference", () => {
    const order = served.map(({ fact }) => FACTS.findIndex((row) => row === fact));
    expect(order).toEqual(order.toSorted((left, right) => left - right));
  });

  it.each(served)("$name has the names, verbs and subresources of upstream", ({ strategy, fact }) => {
    strategy.use((typed) => {
      const { kind, scope } = typed.resource;
      expect([kind, scope]).toEqual([fact?.[3], fact?.[4]]);
      expect(typed.shortNames.toSorted()).toEqual(list(fact?.[5]).toSorted());
      expect(typed.categories).toEqual(list(fact?.[6]));
      expect(typed.verbs.toSorted()).toEqual(list(fact?.[7]).toSorted());
      const subresources = typed.subresources.map(({ name, kind: own }) => [
        name,
        own === undefined ? "" : `${own.group === "" ? "" : `${own.group}/`}${own.version} ${own.kind}`,
      ]);
      // A subresource whose kind is the parent's own needs no mention of it.
      const expected = subresourcesOf(fact?.[8])
        .filter(([name]) => !NOT_SERVED.has(`${typed.resource.plural}/${name}`))
        .map(([name, own]) => [name, own.endsWith(` ${kind}`) ? "" : own]);
      expect(sorted(subresources)).toEqual(sorted(expected));
    });
  });
});
