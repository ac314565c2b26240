/** `intstr.IntOrString` of apimachinery: a number, or a percentage of something. */
export type IntOrString = number | string;

/**
 * A number stays itself; `"25%"` is that share of `total`, rounded up or down.
 * Throws an `Error` with upstream's text when there is no value, or when a string is no percentage.
 */
export function scaledValue(valueOrPercent: IntOrString | undefined, total: number, roundUp: boolean): number {
  if (valueOrPercent === undefined) throw new Error("nil value for IntOrString");
  if (typeof valueOrPercent === "number") return valueOrPercent;
  const percent = percentOf(valueOrPercent);
  if (percent === undefined) {
    throw new Error("invalid value for IntOrString: invalid type: string is not a percentage");
  }
  return roundUp ? Math.ceil((percent * total) / 100) : Math.floor((percent * total) / 100);
}

/** `25` of `"25%"`; undefined for anything else. */
export function percentOf(text: string): number | undefined {
  const digits = /^([+-]?[0-9]+)%$/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
