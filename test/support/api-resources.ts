/** What a server of release 1.36 offers, a row per resource: `test/golden/api-resources.tsv`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface SubresourceFact {
  readonly name: string;
  /** As discovery says them: what connects is shown by the verbs of its methods. */
  readonly verbs: readonly string[];
  /** That of its body; the parent's own when the table names none. */
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
}

export interface ResourceFact {
  /** Empty for core. */
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources: readonly SubresourceFact[];
}

/** Discovery knows no verbs for HEAD and OPTIONS. */
const VERB_OF_METHOD: Readonly<Record<string, string>> = {
  GET: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

const listOf = (text: string): string[] => (text === "" ? [] : text.split(","));

function discoveryVerb(verb: string): string[] {
  const [, method] = verb.split("connect:");
  if (method === undefined) return [verb];
  const shown = VERB_OF_METHOD[method];
  return shown === undefined ? [] : [shown];
}

/** `scale[get,patch,update]=autoscaling/v1 Scale` */
const SUBRESOURCE = /^(?<name>\w+)\[(?<verbs>[^\]]*)\](?:=(?<group>[^/]*)\/(?<version>\S+) (?<kind>\w+))?$/u;

function subresourceOf(text: string, own: SubresourceFact["kind"]): SubresourceFact {
  const { name = "", verbs = "", group = "", version, kind } = SUBRESOURCE.exec(text)?.groups ?? {};
  return {
    name,
    verbs: [...new Set(listOf(verbs).flatMap(discoveryVerb))].toSorted(),
    kind: version === undefined || kind === undefined ? own : { group, version, kind },
  };
}

function factOf(line: string): ResourceFact {
  const [column = "", version = "", resource = "", kind = "", scope, shortNames = "", categories = "", verbs = ""] =
    line.split("\t");
  const group = column === "core" ? "" : column;
  const subresources = (line.split("\t")[8] ?? "").split(";").map((part) => part.trim());
  return {
    group,
    version,
    resource,
    kind,
    isNamespaced: scope === "Namespaced",
    shortNames: listOf(shortNames),
    categories: listOf(categories),
    verbs: listOf(verbs),
    subresources: subresources
      .filter((part) => part !== "")
      .map((part) => subresourceOf(part, { group, version, kind })),
  };
}

export const apiResources: readonly ResourceFact[] = readFileSync(
  join(import.meta.dirname, "../golden/api-resources.tsv"),
  "utf8",
)
  .trim()
  .split("\n")
  .slice(1)
  .map(factOf);
