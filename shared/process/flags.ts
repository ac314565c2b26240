/**
 * Command-line flags of the components, with upstream's names and spellings: `--name value`, `--name=value`,
 * booleans without a value. A flag that upstream has and we do not act on is accepted with a warning, so that
 * existing unit files keep working; an unknown one is an error.
 */

/** A rule for one flag. Durations are written as Go writes them (`60s`, `1h30m`) and read as milliseconds. */
export type FlagSpec =
  | { readonly type: "string"; readonly default?: string; readonly help: string }
  | { readonly type: "number"; readonly default?: number; readonly help: string }
  | { readonly type: "boolean"; readonly default?: boolean; readonly help: string }
  | { readonly type: "duration"; readonly default?: string; readonly help: string }
  | { readonly type: "list"; readonly default?: readonly string[]; readonly help: string };

export type FlagSpecs = Readonly<Record<string, FlagSpec>>;

type ValueOf<S extends FlagSpec> = S extends { type: "number" | "duration" }
  ? number
  : S extends { type: "boolean" }
    ? boolean
    : S extends { type: "list" }
      ? readonly string[]
      : string;

/** A flag with a default always has a value; booleans default to false and lists to empty. */
export type FlagValues<S extends FlagSpecs> = {
  readonly [Name in keyof S]: S[Name] extends { default: unknown } | { type: "boolean" | "list" }
    ? ValueOf<S[Name]>
    : ValueOf<S[Name]> | undefined;
};

export interface ParsedFlags<S extends FlagSpecs> {
  readonly values: FlagValues<S>;
  /** Names that stood on the command line, whatever they say. */
  readonly given: ReadonlySet<string>;
  /** One line per flag that was accepted and not acted on. */
  readonly warnings: string[];
}

/** The command line is wrong; the message is one plain line for the user. */
export class FlagError extends Error {
  override readonly name = "FlagError";
}

const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Milliseconds of a Go duration such as `1h30m` or `0`; throws `FlagError` otherwise. */
export function parseDurationMs(text: string): number {
  if (text === "0") return 0;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join("") !== text) {
    throw new FlagError(`invalid duration "${text}": write for example 30s, 5m or 1h30m`);
  }
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (DURATION_UNITS_MS[unit ?? ""] ?? 0), 0);
}

function convert(name: string, spec: FlagSpec, text: string): string | number | boolean | readonly string[] {
  switch (spec.type) {
    case "string":
      return text;
    case "number": {
      const value = Number(text);
      if (text.trim() === "" || !Number.isFinite(value)) throw new FlagError(`--${name}: "${text}" is not a number`);
      return value;
    }
    case "boolean":
      if (text !== "true" && text !== "false") throw new FlagError(`--${name}: "${text}" is neither true nor false`);
      return text === "true";
    case "duration":
      return parseDurationMs(text);
    case "list":
      return text === "" ? [] : text.split(",");
  }
}

function initialValue(name: string, spec: FlagSpec): unknown {
  if (spec.type === "boolean") return spec.default ?? false;
  if (spec.type === "list") return spec.default ?? [];
  if (spec.type === "duration") return spec.default === undefined ? undefined : convert(name, spec, spec.default);
  return spec.default;
}

/**
 * Reads `argv` (without node and script). `tolerated` are upstream's flags that are accepted and not acted on.
 * Throws `FlagError` for an unknown flag, a missing or a malformed value.
 */
export function parseFlags<const S extends FlagSpecs>(
  specs: S,
  argv: readonly string[],
  tolerated: ReadonlySet<string> = new Set(),
): ParsedFlags<S> {
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(specs)) values[name] = initialValue(name, spec);
  const warnings: string[] = [];
  const given = new Set<string>();
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? "";
    if (!argument.startsWith("-") || argument === "-") throw new FlagError(`unexpected argument "${argument}"`);
    const [name, inline] = splitOnce(argument.replace(/^--?/, ""), "=");
    const spec = specs[name];
    const next = argv[index + 1];
    if (spec === undefined) {
      if (!tolerated.has(name)) throw new FlagError(`unknown flag: --${name}`);
      warnings.push(`--${name} is accepted and has no effect`);
      if (inline === undefined && next !== undefined && !next.startsWith("-")) index++;
      continue;
    }
    let text = inline;
    if (text === undefined && spec.type === "boolean") text = "true";
    if (text === undefined) {
      if (next === undefined) throw new FlagError(`flag needs an argument: --${name}`);
      text = next;
      index++;
    }
    const value = convert(name, spec, text);
    const isRepeatedList = spec.type === "list" && given.has(name);
    values[name] = isRepeatedList ? [...(values[name] as string[]), ...(value as string[])] : value;
    given.add(name);
  }
  return { values: values as FlagValues<S>, given, warnings };
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** Text of `--help`. */
export function flagHelp(name: string, specs: FlagSpecs): string {
  const lines = Object.entries(specs).map(([flag, spec]) => {
    const fallback = spec.default === undefined ? "" : ` (default ${String(spec.default)})`;
    return `      --${flag} ${spec.type === "boolean" ? "" : spec.type}`.padEnd(50) + spec.help + fallback;
  });
  return `Usage:\n  ${name} [flags]\n\nFlags:\n${lines.join("\n")}\n`;
}
