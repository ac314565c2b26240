/**
 * YAML bodies as `sigs.k8s.io/yaml` reads them: YAML 1.1 scalars (`on` is true, `012` is ten), but no timestamps and no
 * sexagesimal numbers; only the first document counts. Aliases may blow a body up by a bounded factor only.
 */
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type Tags } from "yaml";
import { setOwn } from "../../shared/machinery/clone.ts";
import { exactInteger, JsonSyntaxError, MAX_DEPTH, parseJson } from "../../shared/machinery/lossless-json.ts";

/**
 * Lines, commas, anchors and aliases: what the parser's time depends on. It takes about a second for so many, while nobody else is
 * served. Long texts in few lines, and JSON in the name of YAML (kubectl's server-side apply), are not affected.
 */
const TOKENS_MAX = 50_000;
/** A small document must not become a large one by aliases of aliases. */
const ALIASES_MAX = 100;
const WITHOUT_TAGS = new Set(["tag:yaml.org,2002:timestamp"]);

export interface ParsedYaml {
  readonly value: unknown;
  /** In the words of Go's decoder, with the line. */
  readonly duplicateKeys: string[];
}

/** The text is no YAML; the message is Go's as far as it can be told. */
export class YamlSyntaxError extends Error {
  override readonly name = "YamlSyntaxError";
}

function tagsOf(tags: Tags): Tags {
  return tags.filter((tag) => {
    if (typeof tag === "string") return true;
    return !WITHOUT_TAGS.has(tag.tag) && !("format" in tag && tag.format === "TIME");
  });
}

/** Reads the first document. Throws `YamlSyntaxError`. */
export function parseYaml(text: string): ParsedYaml {
  const json = asJson(text);
  if (json !== undefined) return json;
  checkSize(text);
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, {
      version: "1.1",
      customTags: tagsOf,
      intAsBigInt: true,
      merge: true,
      uniqueKeys: false,
      lineCounter: lines,
      prettyErrors: false,
      logLevel: "silent",
    });
    const error = document.errors.find((candidate) => candidate.code !== "MULTIPLE_DOCS");
    if (error !== undefined) {
      throw new YamlSyntaxError(`yaml: line ${lines.linePos(error.pos[0]).line}: ${error.message}`);
    }
    const duplicateKeys = duplicatesOf(document.contents, lines);
    return { value: plain(document.toJS({ maxAliasCount: ALIASES_MAX }), 0), duplicateKeys };
  } catch (error) {
    if (error instanceof YamlSyntaxError) throw error;
    throw new YamlSyntaxError(`yaml: ${error instanceof RangeError ? "exceeded max depth" : String(error)}`);
  }
}

/** Reads text that is JSON as well by the faster parser; duplicate keys need YAML's, which knows their lines. */
function asJson(text: string): ParsedYaml | undefined {
  if (!/^\s*[{[]/u.test(text)) return undefined;
  try {
    const { value, duplicateFields } = parseJson(text);
    return duplicateFields.length === 0 ? { value, duplicateKeys: [] } : undefined;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}

/** Refuses what would take too long, or exhaust the stack: the parser recurses into flow collections. */
function checkSize(text: string): void {
  let depth = 0;
  let tokens = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x0a || code === 0x2c || code === 0x26 || code === 0x2a) tokens++;
    else if (code === 0x5b || code === 0x7b) depth++;
    else if (code === 0x5d || code === 0x7d) depth = Math.max(0, depth - 1);
    if (depth > MAX_DEPTH) throw new YamlSyntaxError("yaml: exceeded max depth");
    if (tokens > TOKENS_MAX)
      throw new YamlSyntaxError(`yaml: document has more than ${TOKENS_MAX} lines and commas; send it as JSON`);
  }
}

function duplicatesOf(root: Node | null, lines: LineCounter): string[] {
  const found: string[] = [];
  const pending: unknown[] = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (isSeq(node)) for (const item of node.items) pending.push(item);
    if (!isMap(node)) continue;
    const seen = new Set<string>();
    for (const pair of node.items) {
      pending.push(pair.value ?? undefined);
      if (!isScalar(pair.key)) continue;
      const key = String(pair.key.value);
      if (seen.has(key))
        found.push(
          `line ${lines.linePos(pair.key.range?.[0] ?? 0).line}: key ${JSON.stringify(key)} already set in map`,
        );
      seen.add(key);
    }
  }
  return found;
}

/** Big integers become numbers, or keep their digits where a double cannot hold them. */
function plain(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new YamlSyntaxError("yaml: exceeded max depth");
  if (typeof value === "bigint") return exactInteger(value.toString());
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1));
  if (value instanceof Set) return Object.fromEntries([...value].map((key) => [String(key), null]));
  if (typeof value !== "object" || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(value)) setOwn(result, key, plain(child, depth + 1));
  return result;
}
