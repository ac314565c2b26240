/**
 * Texts for `kubectl explain`: the doc comments of the models in the npm package `@kubernetes/client-node`, read when
 * they are first wanted (D8). Without the package there are no texts, and everything else works.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface Descriptions {
  readonly own: string | undefined;
  readonly fields: ReadonlyMap<string, string>;
}

const MODELS = join("node_modules", "@kubernetes", "client-node", "dist", "gen", "models");
const NONE: Descriptions = { own: undefined, fields: new Map() };
const CLASS_COMMENT = /\/\*\*\n\* ((?:(?!\*\/)[^])*?)\n\*\/\nexport declare class/u;
const FIELD_COMMENT = /\/\*\*\n\s+\* ((?:(?!\*\/)[^])*?)\n\s+\*\/\n\s+'([^']+)'\??:/gu;

let folder: string | null | undefined;
const known = new Map<string, Descriptions>();

function modelsFolder(): string | null {
  if (folder !== undefined) return folder;
  for (let at = import.meta.dirname; ; at = dirname(at)) {
    if (existsSync(join(at, MODELS))) return (folder = join(at, MODELS));
    if (dirname(at) === at) return (folder = null);
  }
}

/** Texts of the definition `io.k8s.api.apps.v1.Deployment`. */
export function descriptionsOf(definition: string): Descriptions {
  const found = known.get(definition);
  if (found !== undefined) return found;
  const texts = read(definition);
  known.set(definition, texts);
  return texts;
}

function read(definition: string): Descriptions {
  const models = modelsFolder();
  if (models === null) return NONE;
  const [group = "", version = "", kind = ""] = definition.split(".").slice(-3);
  const name = capitalize(version) + kind;
  for (const candidate of [name, capitalize(group) + name]) {
    const file = join(models, `${candidate}.d.ts`);
    if (existsSync(file)) return parse(readFileSync(file, "utf8"));
  }
  return NONE;
}

function parse(text: string): Descriptions {
  const fields = new Map<string, string>();
  for (const [, comment = "", field = ""] of text.matchAll(FIELD_COMMENT)) fields.set(field, clean(comment));
  const own = CLASS_COMMENT.exec(text)?.[1];
  return { own: own === undefined ? undefined : clean(own), fields };
}

function clean(comment: string): string {
  return comment
    .replaceAll(/\n\s*\* ?/gu, "\n")
    .replaceAll("*_/", "*/")
    .replaceAll("\\'", "'")
    .replaceAll('\\"', '"');
}

function capitalize(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
