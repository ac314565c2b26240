/** The flags that set fields of the configuration: derived from its table. */
import type { FlagSpec } from "../../shared/process/flags.ts";
import { configurationFields, type FieldSpec, type FieldSpecs } from "./configuration-fields.ts";
import { ConfigurationError } from "./read-configuration.ts";

const fields: FieldSpecs = configurationFields;

function flagSpec(path: string, spec: FieldSpec): FlagSpec {
  const help = `sets ${path} of the configuration`;
  if (spec.type === "map" || spec.type === "list") return { type: "list", help };
  if (spec.type === "json") return { type: "string", help };
  return { type: spec.type, help } as FlagSpec;
}

/** By flag name. */
export function configurationFlagSpecs(): Record<string, FlagSpec> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([path, spec]) =>
      "flag" in spec && spec.flag !== undefined ? [[spec.flag, flagSpec(path, spec)]] : [],
    ),
  );
}

/** Values of the flags that were given, by field. Throws `ConfigurationError` for a pair that cannot be read. */
export function configurationOf(
  given: ReadonlySet<string>,
  values: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const told: Record<string, unknown> = {};
  for (const [path, spec] of Object.entries(fields)) {
    if (!("flag" in spec) || spec.flag === undefined || !given.has(spec.flag)) continue;
    const value = values[spec.flag];
    told[path] = spec.type === "map" ? pairsOf(spec.flag, value as string[], spec.separator ?? "=") : value;
  }
  return told;
}

function pairsOf(flag: string, pairs: readonly string[], separator: string): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf(separator);
      if (at < 1) throw new ConfigurationError(`--${flag}: "${pair}" is not of the form key${separator}value`);
      return [pair.slice(0, at).trim(), pair.slice(at + separator.length).trim()];
    }),
  );
}
