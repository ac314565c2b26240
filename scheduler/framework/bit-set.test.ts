import fc from "fast-check";
import { BitSet } from "./bit-set.ts";

const members = (set: BitSet): number[] => {
  const found: number[] = [];
  for (let index = set.next(0); index >= 0; index = set.next(index + 1)) found.push(index);
  return found;
};
const of = (values: readonly number[]): BitSet => {
  const set = new BitSet();
  for (const value of values) set.add(value);
  return set;
};
const numbers = fc.uniqueArray(fc.nat({ max: 300 }));
const sorted = (values: Iterable<number>): number[] => [...values].sort((left, right) => left - right);

it("behaves like a set of numbers", () => {
  fc.assert(
    fc.property(numbers, numbers, (left, right) => {
      const [a, b] = [new Set(left), new Set(right)];
      expect(members(of(left))).toEqual(sorted(a));
      const union = of(left);
      union.addAll(of(right));
      expect(members(union)).toEqual(sorted(a.union(b)));
      const intersection = of(left);
      intersection.keepOnly(of(right));
      expect(members(intersection)).toEqual(sorted(a.intersection(b)));
      const difference = of(left);
      difference.deleteAll(of(right));
      expect(members(difference)).toEqual(sorted(a.difference(b)));
      const copy = of(left);
      copy.copyFrom(of(right));
      expect(members(copy)).toEqual(sorted(b));
      expect(copy.size).toBe(b.size);
      expect(copy.isEmpty).toBe(b.size === 0);
    }),
  );
});

it("deletes what it has and ignores what it has not", () => {
  const set = of([31, 32, 63]);
  set.delete(32);
  set.delete(10_000);
  expect(members(set)).toEqual([31, 63]);
  expect(set.has(31)).toBe(true);
  expect(set.has(10_000)).toBe(false);
});
