import { rawNumberText } from "./lossless-json.ts";

/**
 * Whether two JSON values are the same. A field that is `undefined` counts as absent; order of keys does not matter.
 * Numbers kept as text compare by their text.
 */
export function deepEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => deepEqual(item, right[index]));
  }
  const rawLeft = rawNumberText(left);
  const rawRight = rawNumberText(right);
  if (rawLeft !== undefined || rawRight !== undefined) return rawLeft === rawRight;
  return sameFields(left, right);
}

function sameFields(left: object, right: object): boolean {
  let present = 0;
  for (const [key, value] of Object.entries(left)) {
    if (value === undefined) continue;
    present++;
    if (!Object.hasOwn(right, key) || !deepEqual(value, (right as Record<string, unknown>)[key])) return false;
  }
  for (const value of Object.values(right)) if (value !== undefined) present--;
  return present === 0;
}
