/** Letters of names that upstream generates: no vowels and no 0, 1, 3, so that no words come out. */
const SAFE_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

const FNV_OFFSET_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** FNV-1a, 32 bits, over the UTF-16 code units of `text`. */
function fnv1a(text: string, start = FNV_OFFSET_BASIS): number {
  let hash = start;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    hash = Math.imul(hash ^ (unit & 0xff), FNV_PRIME);
    hash = Math.imul(hash ^ (unit >>> 8), FNV_PRIME);
  }
  return hash >>> 0;
}

/** JSON with sorted keys, without the fields that are not set: the same for the same meaning. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const fields = Object.entries(value).filter(([, field]) => field !== undefined && field !== null);
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`).join(",")}}`;
}

/** Each character of `text` as one of the safe alphabet (apimachinery `rand.SafeEncodeString`). */
export function safeEncode(text: string): string {
  return Array.from(text, (character) => SAFE_ALPHABET.charAt(character.charCodeAt(0) % SAFE_ALPHABET.length)).join("");
}

/**
 * Hash of anything, in the safe alphabet: equal for equal meaning. The value of `pod-template-hash`; it has upstream's
 * shape but not its bits, for upstream hashes the printed form of Go structures.
 */
export function podTemplateHash(template: unknown, collisionCount?: number): string {
  const hash = fnv1a(canonicalJson(template));
  return safeEncode(String(collisionCount === undefined ? hash : fnv1a(String(collisionCount), hash)));
}
