/** Order of two resource versions, which are decimal numbers of any length; an empty one comes first. */
export function compareRevisions(left: string, right: string): number {
  if (left.length !== right.length) return left.length - right.length;
  return left === right ? 0 : left < right ? -1 : 1;
}
