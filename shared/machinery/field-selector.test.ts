import fc from "fast-check";
import { escapeFieldValue, matchesFields, parseFieldSelector } from "./field-selector.ts";

describe("parseFieldSelector", () => {
  it("reads equality in three spellings and skips empty terms", () => {
    expect(parseFieldSelector("metadata.name=a,,spec.nodeName==b,status.phase!=Running,x=")).toEqual([
      { field: "metadata.name", operator: "=", value: "a" },
      { field: "spec.nodeName", operator: "=", value: "b" },
      { field: "status.phase", operator: "!=", value: "Running" },
      { field: "x", operator: "=", value: "" },
    ]);
    expect(parseFieldSelector("")).toEqual([]);
  });

  it.each([
    ["abc", "invalid selector: 'abc'; can't understand 'abc'"],
    ["a=b,c", "invalid selector: 'a=b,c'; can't understand 'c'"],
    ["a=\\x", "invalid field selector: invalid escape sequence: \\x"],
    ["a=b=c", "invalid field selector: unescaped character in value: 61"],
  ])("refuses %j", (text, message) => {
    expect(() => parseFieldSelector(text)).toThrow(new Error(message));
  });

  it("reads every escaped value back", () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        expect(parseFieldSelector(`f=${escapeFieldValue(value)}`)).toEqual([{ field: "f", operator: "=", value }]);
      }),
    );
  });
});

it("matchesFields compares with the value of each field", () => {
  const valueOf = (field: string): string => (field === "spec.nodeName" ? "n1" : "");
  expect(matchesFields(parseFieldSelector("spec.nodeName=n1,status.phase!=Failed"), valueOf)).toBe(true);
  expect(matchesFields(parseFieldSelector("spec.nodeName!=n1"), valueOf)).toBe(false);
});
