/** Field selectors (`metadata.name=x,spec.nodeName!=y`), as `fields.ParseSelector` of apimachinery reads them. */

export interface FieldRequirement {
  readonly field: string;
  readonly operator: "=" | "!=";
  readonly value: string;
}

const ESCAPABLE = new Set(["\\", ",", "="]);

/** Cuts at commas that no backslash precedes; empty terms stay for the caller to skip. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let index = 0; index < text.length; index++) {
    if (text[index] === "\\") index++;
    else if (text[index] === ",") {
      terms.push(text.slice(start, index));
      start = index + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

/** Replaces `\\`, `\,` and `\=`; throws for any other escape and for an unescaped `,` or `=`. */
function unescapeValue(text: string): string {
  let plain = "";
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? "";
    if (character === "\\") {
      const escaped = text[++index] ?? "";
      if (!ESCAPABLE.has(escaped)) throw new Error(`invalid field selector: invalid escape sequence: \\${escaped}`);
      plain += escaped;
    } else if (character === "," || character === "=") {
      throw new Error(`invalid field selector: unescaped character in value: ${character.codePointAt(0)}`);
    } else {
      plain += character;
    }
  }
  return plain;
}

/** Escapes a value so that it can stand in a field selector. */
export function escapeFieldValue(text: string): string {
  return text.replaceAll(/[\\,=]/g, (character) => `\\${character}`);
}

/** Reads a field selector; the empty text has no requirement. Throws an `Error` with upstream's text. */
export function parseFieldSelector(text: string): FieldRequirement[] {
  const requirements: FieldRequirement[] = [];
  for (const term of splitTerms(text)) {
    if (term === "") continue;
    const parts = /^([^=]*?)(!=|==|=)([\s\S]*)$/.exec(term);
    const [, field, operator, rest] = parts ?? [];
    if (field === undefined || operator === undefined || rest === undefined) {
      throw new Error(`invalid selector: '${text}'; can't understand '${term}'`);
    }
    requirements.push({ field, operator: operator === "!=" ? "!=" : "=", value: unescapeValue(rest) });
  }
  return requirements;
}

/** True when every requirement holds; `valueOf` gives the value of a field, `""` when it is unset. */
export function matchesFields(requirements: readonly FieldRequirement[], valueOf: (field: string) => string): boolean {
  return requirements.every(({ field, operator, value }) => (valueOf(field) === value) === (operator === "="));
}
