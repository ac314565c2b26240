/**
 * Quantities (`100m`, `1.5Gi`, `1e3`) in the form apimachinery's `resource.Quantity` reads and writes.
 * Amounts are exact: a bigint count of 10^-9. Finer input is rounded away from zero, as upstream does.
 */
const FORMAT_WRONG = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const SUFFIX_WRONG = "unable to parse quantity's suffix";
const NUMERIC_WRONG = "unable to parse numeric part of quantity";

const NANOS_PER_UNIT = 1_000_000_000n;
const NANOS_PER_MILLI = 1_000_000n;
const LARGEST = 2n ** 63n - 1n;
/** Above this many digits upstream leaves its int64 path, and caps the amount at `LARGEST`. */
const INT64_DIGITS = 18;
/** Exponents beyond this only make the number larger than the cap or smaller than a nano. */
const EXPONENT_MAX = 100;

export type QuantityFormat = "DecimalSI" | "BinarySI" | "DecimalExponent";

export interface Quantity {
  /** The amount, counted in 10^-9. */
  readonly nanos: bigint;
  /** The family of suffixes it was written with, and will be written with. */
  readonly format: QuantityFormat;
}

const BINARY_SUFFIXES = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const DECIMAL_SUFFIXES: ReadonlyMap<string, number> = new Map([
  ["n", -9],
  ["u", -6],
  ["m", -3],
  ["", 0],
  ["k", 3],
  ["M", 6],
  ["G", 9],
  ["T", 12],
  ["P", 15],
  ["E", 18],
]);
const SUFFIX_OF_EXPONENT = new Map([...DECIMAL_SUFFIXES].map(([suffix, exponent]) => [exponent, suffix]));

interface Suffix {
  readonly base: 2 | 10;
  readonly exponent: number;
  readonly format: QuantityFormat;
}

function readSuffix(text: string): Suffix {
  const decimal = DECIMAL_SUFFIXES.get(text);
  if (decimal !== undefined) return { base: 10, exponent: decimal, format: "DecimalSI" };
  const binary = BINARY_SUFFIXES.indexOf(text);
  if (binary > 0) return { base: 2, exponent: binary * 10, format: "BinarySI" };
  const power = /^[eE]([+-]?[0-9]+)$/.exec(text)?.[1];
  if (power === undefined) throw new Error(SUFFIX_WRONG);
  const exponent = Math.max(-EXPONENT_MAX, Math.min(EXPONENT_MAX, Number(power)));
  return { base: 10, exponent, format: "DecimalExponent" };
}

/** Quotient rounded away from zero; `divisor` is positive. */
function divideAwayFromZero(amount: bigint, divisor: bigint): bigint {
  const quotient = amount / divisor;
  if (quotient * divisor === amount) return quotient;
  return amount > 0n ? quotient + 1n : quotient - 1n;
}

function isInt64Path(suffix: Suffix, whole: string, fraction: string): boolean {
  if (suffix.base === 10) {
    return whole.length + fraction.length <= INT64_DIGITS && suffix.exponent - fraction.length >= -9;
  }
  return fraction === "" && whole.length + Math.floor((suffix.exponent * 3) / 10) <= 14;
}

/** Reads a quantity; throws an `Error` with upstream's text when it is none. */
export function parseQuantity(text: string): Quantity {
  const parts = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/.exec(text);
  if (parts === null || text === "") throw new Error(FORMAT_WRONG);
  const [, sign = "", wholeText = "", fraction = "", suffixText = ""] = parts;
  if (wholeText === "" && fraction === "") throw new Error(text.includes(".") ? NUMERIC_WRONG : FORMAT_WRONG);
  const suffix = readSuffix(suffixText);
  const whole = wholeText.replace(/^0+(?=.)/, "");
  const digits = BigInt(whole + fraction);
  const scaled = suffix.base === 2 ? digits * 2n ** BigInt(suffix.exponent) : digits;
  const power = (suffix.base === 10 ? suffix.exponent : 0) - fraction.length + 9;
  let nanos = power >= 0 ? scaled * 10n ** BigInt(power) : divideAwayFromZero(scaled, 10n ** BigInt(-power));
  if (nanos > LARGEST * NANOS_PER_UNIT && !isInt64Path(suffix, whole, fraction)) nanos = LARGEST * NANOS_PER_UNIT;
  return { nanos: sign === "-" ? -nanos : nanos, format: suffix.format };
}

function formatBinary(units: bigint): string {
  let mantissa = units;
  let power = 0;
  while (mantissa !== 0n && mantissa % 1024n === 0n && power < BINARY_SUFFIXES.length - 1) {
    mantissa /= 1024n;
    power++;
  }
  return `${mantissa}${BINARY_SUFFIXES[power] ?? ""}`;
}

function formatDecimal(nanos: bigint, withExponent: boolean): string {
  let mantissa = nanos;
  let exponent = -9;
  while (mantissa % 1000n === 0n) {
    mantissa /= 1000n;
    exponent += 3;
  }
  if (exponent === 0) return `${mantissa}`;
  const suffix = withExponent ? undefined : SUFFIX_OF_EXPONENT.get(exponent);
  return suffix === undefined ? `${mantissa}e${exponent}` : `${mantissa}${suffix}`;
}

/** Writes a quantity in canonical form: no fraction, the largest suffix that keeps every digit. */
export function formatQuantity(quantity: Quantity): string {
  const { nanos, format } = quantity;
  if (nanos === 0n) return "0";
  const isWhole = nanos % NANOS_PER_UNIT === 0n;
  const isSmall = nanos > -1024n * NANOS_PER_UNIT && nanos < 1024n * NANOS_PER_UNIT;
  if (format === "BinarySI" && isWhole && !isSmall) return formatBinary(nanos / NANOS_PER_UNIT);
  return formatDecimal(nanos, format === "DecimalExponent");
}

const toText = (quantity: string | number): string => (typeof quantity === "number" ? String(quantity) : quantity);

/** Canonical form of what a client sent (JSON allows a bare number); throws an `Error` with upstream's text. */
export function canonicalQuantity(quantity: string | number): string {
  return formatQuantity(parseQuantity(toText(quantity).trim()));
}

/** Canonical form rounded up to a thousandth, which is what resource lists (requests, limits, capacity) keep. */
export function canonicalResourceQuantity(quantity: string | number): string {
  const { nanos, format } = parseQuantity(toText(quantity).trim());
  return formatQuantity({ nanos: divideAwayFromZero(nanos, NANOS_PER_MILLI) * NANOS_PER_MILLI, format });
}

/** Plain forms with few digits, which need no bigint: multiplier of each suffix, in thousandths. */
const PLAIN = /^([0-9]{1,6})(m|Ki|Mi|Gi|)$/;
const PLAIN_MILLIS: Readonly<Record<string, number>> = {
  m: 1,
  "": 1e3,
  Ki: 1024e3,
  Mi: 1024 ** 2 * 1e3,
  Gi: 1024 ** 3 * 1e3,
};
/** Above this, numbers are not exact. */
const EXACT_MAX = Number.MAX_SAFE_INTEGER;

function plainMillis(quantity: string): number | undefined {
  const [, digits, suffix = ""] = PLAIN.exec(quantity) ?? [];
  if (digits === undefined) return undefined;
  const millis = Number(digits) * (PLAIN_MILLIS[suffix] ?? Number.NaN);
  return millis <= EXACT_MAX ? millis : undefined;
}

/** Thousandths, rounded away from zero: `milliValue("1.5") === 1500`. Throws when `quantity` is none. */
export function milliValue(quantity: string): number {
  return plainMillis(quantity) ?? Number(divideAwayFromZero(parseQuantity(quantity).nanos, NANOS_PER_MILLI));
}

/** Whole units, rounded away from zero: `value("100m") === 1`. Throws when `quantity` is none. */
export function value(quantity: string): number {
  const millis = plainMillis(quantity);
  if (millis !== undefined) return Math.ceil(millis / 1000);
  return Number(divideAwayFromZero(parseQuantity(quantity).nanos, NANOS_PER_UNIT));
}

/** Exact sum in canonical form, in the format of `left` (of `right` when `left` is zero). */
export function addQuantities(left: string, right: string): string {
  const [a, b] = [parseQuantity(left), parseQuantity(right)];
  return formatQuantity({ nanos: a.nanos + b.nanos, format: a.nanos === 0n ? b.format : a.format });
}

/** Exact difference in canonical form, in the format of `left` (of `right` when `left` is zero). */
export function subtractQuantities(left: string, right: string): string {
  const [a, b] = [parseQuantity(left), parseQuantity(right)];
  return formatQuantity({ nanos: a.nanos - b.nanos, format: a.nanos === 0n ? b.format : a.format });
}

/** Negative, zero or positive, as `left` is less than, equal to or greater than `right`. */
export function compareQuantities(left: string, right: string): number {
  const difference = parseQuantity(left).nanos - parseQuantity(right).nanos;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
