/** Durations as Go reads them (`time.ParseDuration`): `1h30m`, `-1.5s`, `0`. */

const PART = /^([0-9]*)(\.[0-9]*)?([^.0-9]*)/u;
const UNIT_NANOS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  "\u00B5s": 1000n,
  "\u03BCs": 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const NANOS_MAX = 2n ** 63n - 1n;

/** Why a text is no duration, in Go's words, or nothing. */
export function durationProblem(text: string): string | undefined {
  const quoted = JSON.stringify(text);
  const invalid = `time: invalid duration ${quoted}`;
  let rest = text.replace(/^[+-]/u, "");
  if (rest === "0") return undefined;
  if (rest === "") return invalid;
  let total = 0n;
  while (rest !== "") {
    const [all = "", whole = "", fraction = "", unit = ""] = PART.exec(rest) ?? [];
    if (whole === "" && fraction.length < 2) return invalid;
    if (unit === "") return `time: missing unit in duration ${quoted}`;
    const nanos = UNIT_NANOS[unit];
    if (nanos === undefined) return `time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`;
    total += BigInt(whole === "" ? 0 : whole) * nanos;
    if (total > NANOS_MAX) return invalid;
    rest = rest.slice(all.length);
  }
  return undefined;
}
