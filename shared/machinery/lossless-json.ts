/**
 * JSON as an API server must read it: bounded depth, integers of 64 bits kept exactly, duplicate keys noticed.
 *
 * One scan over the text (no recursion) measures depth, counts keys and looks for long runs of digits; only then
 * `JSON.parse` sees it. L1: nothing recursive runs on text deeper than `MAX_DEPTH`. L2: a number that a double cannot
 * hold exactly stays as its text (`JSON.rawJSON`), and `JSON.stringify` prints that text. L3: `__proto__` is a key
 * like any other. Duplicates are searched only when the parsed value has fewer keys than the text.
 */

/** Deeper than any API object; far below what overflows a stack. */
export const MAX_DEPTH = 512;
/** Integers of fewer digits than this always fit a double. */
const UNSAFE_DIGITS = 16;

interface ParseContext {
  readonly source?: string;
}
/** What Node's JSON has beyond TypeScript's library. */
const LosslessJson = JSON as unknown as {
  parse(text: string, reviver?: (key: string, value: unknown, context: ParseContext) => unknown): unknown;
  rawJSON(text: string): object;
  isRawJSON(value: unknown): value is { readonly rawJSON: string };
};

/** The text is no JSON, or is nested too deeply. Messages are those of Go's decoder where they exist. */
export class JsonSyntaxError extends Error {
  override readonly name = "JsonSyntaxError";
}

export interface ParsedJson {
  readonly value: unknown;
  /** Paths of keys that occur more than once in their object; the last one wins. */
  readonly duplicateFields: string[];
}

/** Reads one JSON value. Throws `JsonSyntaxError`. */
export function parseJson(input: Uint8Array | string): ParsedJson {
  const text = typeof input === "string" ? input : new TextDecoder().decode(input);
  const scan = scanText(text);
  let value: unknown;
  try {
    value = scan.hasLongNumber ? LosslessJson.parse(text, keepExactInteger) : LosslessJson.parse(text);
  } catch (error) {
    throw new JsonSyntaxError(goMessage(text, error));
  }
  const duplicateFields = scan.keys === 0 || countKeys(value) === scan.keys ? [] : findDuplicates(text);
  return { value, duplicateFields };
}

/** JSON text of a value; numbers that were kept as text print as they came. */
export function stringifyJson(value: unknown): string {
  return JSON.stringify(value);
}

/** The digits of a number that a double could not hold, or undefined for everything else. */
export function rawNumberText(value: unknown): string | undefined {
  return LosslessJson.isRawJSON(value) ? value.rawJSON : undefined;
}

/** An integer as a number when a double holds it, else kept as text. `digits` is decimal, with an optional minus. */
export function exactInteger(digits: string): number | object {
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : LosslessJson.rawJSON(digits);
}

function keepExactInteger(_key: string, value: unknown, context: ParseContext): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  return context.source !== undefined && /^-?\d+$/.test(context.source) ? LosslessJson.rawJSON(context.source) : value;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

interface Scan {
  readonly keys: number;
  readonly hasLongNumber: boolean;
}

function scanText(text: string): Scan {
  let depth = 0;
  let keys = 0;
  let digits = 0;
  let hasLongNumber = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) {
      index = endOfString(text, index);
      digits = 0;
    } else if (code >= 0x30 && code <= 0x39) {
      if (++digits >= UNSAFE_DIGITS) hasLongNumber = true;
    } else {
      digits = 0;
      if (code === 0x7b || code === 0x5b) {
        if (++depth > MAX_DEPTH) throw new JsonSyntaxError("exceeded max depth");
      } else if (code === 0x7d || code === 0x5d) depth--;
      else if (code === 0x3a) keys++;
    }
  }
  return { keys, hasLongNumber };
}

/** Index of the closing quote, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === BACKSLASH) index++;
    else if (code === QUOTE) return index;
  }
  return text.length;
}

function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null || LosslessJson.isRawJSON(value)) return 0;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + countKeys(item), 0);
  let count = 0;
  for (const child of Object.values(value)) count += 1 + countKeys(child);
  return count;
}

interface Frame {
  readonly path: string;
  readonly seen: Set<string> | undefined;
  index: number;
  key: string;
}

interface FoundKey {
  readonly path: string;
  /** Whether its object had it before. */
  readonly isRepeated: boolean;
}

/** Walks valid JSON text with a stack of its own and gives every key with its path, in order. */
function* keysOf(text: string): Generator<FoundKey> {
  const stack: Frame[] = [];
  for (let index = 0; index < text.length; index++) {
    const frame = stack.at(-1);
    switch (text[index]) {
      case "{":
      case "[":
        stack.push({ path: childPath(frame), seen: text[index] === "{" ? new Set() : undefined, index: 0, key: "" });
        break;
      case "}":
      case "]":
        stack.pop();
        break;
      case ",":
        if (frame !== undefined) frame.index++;
        break;
      case '"': {
        const end = endOfString(text, index);
        if (frame?.seen !== undefined && /^\s*:/.test(text.slice(end + 1, end + 200))) {
          frame.key = JSON.parse(text.slice(index, end + 1)) as string;
          yield { path: childPath(frame), isRepeated: frame.seen.has(frame.key) };
          frame.seen.add(frame.key);
        }
        index = end;
        break;
      }
      default:
        break;
    }
  }
}

function findDuplicates(text: string): string[] {
  const found = new Set<string>();
  for (const { path, isRepeated } of keysOf(text)) if (isRepeated) found.add(path);
  return [...found];
}

/** The paths of `once` and `twice` as a reader meets them: the one at first sight, the other at the second. */
export function inOrderOfText<T>(
  input: Uint8Array | string,
  once: ReadonlyMap<string, T>,
  twice: ReadonlyMap<string, T>,
): T[] {
  const met = new Set<T>();
  for (const { path, isRepeated } of keysOf(typeof input === "string" ? input : new TextDecoder().decode(input))) {
    const found = isRepeated ? twice.get(path) : once.get(path);
    if (found !== undefined) met.add(found);
  }
  return [...met, ...[...once.values(), ...twice.values()].filter((one) => !met.has(one))];
}

function childPath(frame: Frame | undefined): string {
  if (frame === undefined) return "";
  if (frame.seen === undefined) return `${frame.path}[${frame.index}]`;
  return frame.path === "" ? frame.key : `${frame.path}.${frame.key}`;
}

/** Go's words for what is wrong, as clients and their tests know them. */
function goMessage(text: string, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (message.startsWith("Unexpected end") || message.startsWith("Unterminated string"))
    return "unexpected end of JSON input";
  const position = /at position (\d+)/.exec(message)?.[1];
  const token = position === undefined ? /Unexpected token '?(.)/su.exec(message)?.[1] : text[Number(position)];
  if (token === undefined) return "unexpected end of JSON input";
  if (message.startsWith("Unexpected non-whitespace")) return `invalid character '${token}' after top-level value`;
  if (message.startsWith("Expected property name"))
    return `invalid character '${token}' looking for beginning of object key string`;
  if (message.startsWith("Expected ':'")) return `invalid character '${token}' after object key`;
  if (message.startsWith("Expected ','"))
    return `invalid character '${token}' after ${message.includes("']'") ? "array element" : "object key:value pair"}`;
  if (message.startsWith("Bad control"))
    return `invalid character '${JSON.stringify(token).slice(1, -1)}' in string literal`;
  if (message.startsWith("Bad escaped")) return `invalid character '${token}' in string escape code`;
  return `invalid character '${token}' looking for beginning of value`;
}
