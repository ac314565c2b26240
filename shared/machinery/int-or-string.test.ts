import { scaledValue } from "./int-or-string.ts";

it.each([
  [3, 10, true, 3],
  ["25%", 10, true, 3],
  ["25%", 10, false, 2],
  ["0%", 10, true, 0],
  ["150%", 3, false, 4],
])("%j of %j (up: %j) is %j", (value, total, roundUp, expected) => {
  expect(scaledValue(value, total, roundUp)).toBe(expected);
});

it("refuses what is no number and no percentage", () => {
  expect(() => scaledValue("3", 10, true)).toThrow(
    "invalid value for IntOrString: invalid type: string is not a percentage",
  );
  expect(() => scaledValue(undefined, 10, true)).toThrow("nil value for IntOrString");
});
