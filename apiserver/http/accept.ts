/** One clause of an Accept header. */
export interface AcceptClause {
  readonly type: string;
  /** Names in lower case. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Clients send a handful of Accept headers for ever; an attacker's variety must not grow memory. */
const CACHE_ENTRIES_MAX = 512;
const cache = new Map<string, readonly AcceptClause[]>();

function parseClause(text: string): AcceptClause & { quality: number } {
  const [type = "", ...rest] = text.split(";");
  const parameters = Object.create(null) as Record<string, string>;
  for (const part of rest) {
    const at = part.indexOf("=");
    if (at > 0) parameters[part.slice(0, at).trim().toLowerCase()] = part.slice(at + 1).trim();
  }
  const quality = Number(parameters["q"] ?? "1");
  return { type: type.trim().toLowerCase(), parameters, quality: Number.isNaN(quality) ? 0 : quality };
}

/** How much a clause leaves open: of two that are wanted the same, the narrower one counts first. */
function openness({ type }: AcceptClause): number {
  return type.startsWith("*/") ? 2 : type.endsWith("/*") ? 1 : 0;
}

/** Clauses of an Accept header, the most wanted first; unwanted ones (`q=0`) are left out. */
export function acceptClauses(header: string): readonly AcceptClause[] {
  const known = cache.get(header);
  if (known !== undefined) return known;
  const clauses = header
    .split(",")
    .map(parseClause)
    .filter((clause) => clause.type !== "" && clause.quality > 0)
    .toSorted((a, b) => b.quality - a.quality || openness(a) - openness(b));
  if (cache.size >= CACHE_ENTRIES_MAX) cache.clear();
  cache.set(header, clauses);
  return clauses;
}
