/** Pure edits of a user's kubeconfig: everything that is not ours stays as it is, comments included. */
import { type Document, isMap, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from "yaml";
import { UserError } from "../user-error.ts";
import { type KubeconfigEntry, stanzasOf } from "./kubeconfig.ts";

const LISTS = ["clusters", "users", "contexts"] as const;
type List = (typeof LISTS)[number];

function parse(text: string, path: string): Document {
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem !== undefined || (document.contents !== null && !isMap(document.contents))) {
    const reason = problem?.message.split("\n")[0] ?? "it is not a map";
    throw new UserError(`${path} is not a kubeconfig: ${reason}`, "Repair or move the file, or set KUBECONFIG.");
  }
  if (document.contents === null) {
    document.set("apiVersion", "v1");
    document.set("kind", "Config");
  }
  return document;
}

function listOf(document: Document, list: List): YAMLSeq {
  const found = document.get(list);
  if (isSeq(found)) return found;
  const empty = document.createNode([]) as YAMLSeq;
  document.set(list, empty);
  return empty;
}

const nameOf = (item: unknown): unknown => (isMap(item) ? (item as YAMLMap).get("name") : undefined);

/** Adds or replaces the entry and makes it the current context. */
export function withEntry(text: string, path: string, entry: KubeconfigEntry): string {
  const document = parse(text, path);
  const stanzas = stanzasOf(entry);
  for (const list of LISTS) {
    const items = listOf(document, list);
    const node = document.createNode(stanzas[list]);
    const at = items.items.findIndex((item) => nameOf(item) === entry.name);
    if (at < 0) items.add(node);
    else items.items[at] = node;
    items.flow = false;
  }
  document.set("current-context", entry.name);
  return document.toString();
}

/** Takes the entry out; gives nothing when the file does not hold it. The current context is cleared if it was it. */
export function withoutEntry(text: string, path: string, name: string): string | undefined {
  const document = parse(text, path);
  let isChanged = false;
  for (const list of LISTS) {
    const items = document.get(list);
    if (!isSeq(items)) continue;
    const kept = items.items.filter((item) => nameOf(item) !== name);
    isChanged ||= kept.length !== items.items.length;
    items.items = kept;
  }
  if (document.get("current-context") === name) {
    document.set("current-context", "");
    isChanged = true;
  }
  return isChanged ? document.toString() : undefined;
}

/** True when nothing is left in the file that somebody could want. */
export function isEmptyKubeconfig(text: string, path: string): boolean {
  const document = parse(text, path);
  return LISTS.every((list) => {
    const items = document.get(list);
    return !isSeq(items) || items.items.length === 0;
  });
}
