/**
 * Text form of label selectors, as `labels.Parse` of apimachinery reads it: words and symbols first, then
 * requirements between commas. `in` and `notin` are operators after a key and plain words everywhere else.
 */
import { newRequirement, type Requirement, type SelectorOperator } from "./label-requirement.ts";
import { LabelSelectorError } from "./label-syntax.ts";

type Token =
  | { readonly kind: "word" | "symbol" | "bad"; readonly text: string }
  | { readonly kind: "end"; readonly text: "" };

const END: Token = { kind: "end", text: "" };
/** A word, or a run of symbol characters that is cut further by `cutSymbols`. */
const PIECES = /[^\s=!(),<>]+|[=!(),<>]/g;
const BINARY_OPERATORS: ReadonlyMap<string, SelectorOperator> = new Map<string, SelectorOperator>([
  ["in", "in"],
  ["notin", "notin"],
  ["=", "="],
  ["==", "=="],
  ["!=", "!="],
  [">", "gt"],
  ["<", "lt"],
]);

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(PIECES)) {
    const piece = match[0];
    const previous = tokens.at(-1);
    const isAdjacent = text[match.index - 1] === previous?.text;
    if (piece === "=" && isAdjacent && (previous?.text === "=" || previous?.text === "!")) {
      tokens[tokens.length - 1] = { kind: "symbol", text: `${previous.text}=` };
      continue;
    }
    tokens.push({ kind: /[=!(),<>]/.test(piece) ? "symbol" : "word", text: piece });
  }
  return [...tokens, END];
}

class Parser {
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  parse(): Requirement[] {
    const requirements: Requirement[] = [];
    if (this.#peek().kind === "end") return requirements;
    if (!this.#startsRequirement()) this.#refuse(this.#peek(), ", expected: !, identifier, or 'end of string'");
    for (;;) {
      requirements.push(this.#requirement());
      const separator = this.#next();
      if (separator.kind === "end") return requirements;
      if (separator.text !== ",") this.#refuse(separator, ", expected: ',' or 'end of string'");
      if (!this.#startsRequirement()) this.#refuse(this.#peek(), ", expected: identifier after ','");
    }
  }

  #peek(): Token {
    return this.#tokens[this.#position] ?? END;
  }

  #next(): Token {
    const token = this.#peek();
    this.#position++;
    return token;
  }

  #startsRequirement(): boolean {
    return this.#peek().kind === "word" || this.#peek().text === "!";
  }

  #refuse(token: Token, expected: string): never {
    throw new LabelSelectorError(`found '${token.text}'${expected}`);
  }

  #requirement(): Requirement {
    try {
      return this.#readRequirement();
    } catch (error) {
      if (!(error instanceof LabelSelectorError)) throw error;
      throw new LabelSelectorError(`unable to parse requirement: ${error.message}`);
    }
  }

  #readRequirement(): Requirement {
    const isNegated = this.#peek().text === "!";
    if (isNegated) this.#next();
    const key = this.#next();
    if (key.kind !== "word") this.#refuse(key, ", expected: identifier");
    newRequirement(key.text, "exists", []);
    if (isNegated) return newRequirement(key.text, "!", []);
    if (this.#peek().kind === "end" || this.#peek().text === ",") return newRequirement(key.text, "exists", []);
    const found = this.#next();
    const operator = BINARY_OPERATORS.get(found.text);
    if (operator === undefined) this.#refuse(found, ", expected: in, notin, =, ==, !=, gt, lt");
    const values = operator === "in" || operator === "notin" ? this.#valueList() : [this.#exactValue()];
    return newRequirement(key.text, operator, values);
  }

  #exactValue(): string {
    const token = this.#peek();
    if (token.kind === "end" || token.text === ",") return "";
    this.#next();
    if (token.kind !== "word") this.#refuse(token, ", expected: identifier");
    return token.text;
  }

  /** `(a,b)`; an item between two commas may be empty, and stands for the empty value. */
  #valueList(): string[] {
    const open = this.#next();
    if (open.text !== "(") this.#refuse(open, " expected: '('");
    const values: string[] = [];
    if (this.#peek().text === ")") {
      this.#next();
      return values;
    }
    for (;;) {
      const token = this.#peek();
      if (token.kind === "word") {
        values.push(this.#next().text);
      } else if (token.text === "," || (token.text === ")" && values.length > 0)) {
        values.push("");
      } else {
        this.#refuse(token, ", expected: ',', ')' or identifier");
      }
      const separator = this.#next();
      if (separator.text === ")") return values;
      if (separator.text !== ",") this.#refuse(separator, ", expected: ',' or ')'");
    }
  }
}

/** Requirements in the order they are written. Throws a `LabelSelectorError` with upstream's text. */
export function parseRequirements(text: string): Requirement[] {
  return new Parser(text).parse();
}
