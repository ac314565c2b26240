import fc from "fast-check";
import { parseSelector, selectorFromSet, selectorOf } from "./label-selector.ts";

describe("parseSelector", () => {
  it.each([
    ["", {}, true],
    ["a=b", { a: "b" }, true],
    ["a==b", { a: "b" }, true],
    ["a=b", { a: "c" }, false],
    ["a=b", {}, false],
    ["a=", { a: "" }, true],
    ["a!=b", {}, true],
    ["a!=b", { a: "b" }, false],
    ["a in (b, c)", { a: "c" }, true],
    ["a in (b,c)", { a: "d" }, false],
    ["a in (b,)", { a: "" }, true],
    ["a notin (b)", {}, true],
    ["a notin (b)", { a: "b" }, false],
    ["a", { a: "" }, true],
    ["!a", {}, true],
    ["! a", { a: "x" }, false],
    ["a>5", { a: "6" }, true],
    ["a>5", { a: "5" }, false],
    ["a<5", { a: "x" }, false],
    ["a=b,c", { a: "b", c: "1" }, true],
    [" a = b , !c ", { a: "b" }, true],
    ["in in (in,notin)", { in: "notin" }, true],
    ["example.com/role=x", { "example.com/role": "x" }, true],
    ["constructor", {}, false],
  ])("%j on %j gives %j", (text, labels, expected) => {
    expect(parseSelector(text).matches(labels)).toBe(expected);
  });

  it("treats missing labels as no labels", () => {
    expect(parseSelector("!a").matches(undefined)).toBe(true);
    expect(parseSelector("a").matches(undefined)).toBe(false);
  });

  it("prints requirements by key", () => {
    expect(parseSelector("z=1,a in (c,b),!k,m,e!=f,n notin (x),g>1,h<2,b==1").toString()).toBe(
      "a in (b,c),b==1,e!=f,g>1,h<2,!k,m,n notin (x),z=1",
    );
  });

  it.each([
    ["a=b,", "found '', expected: identifier after ','"],
    [",a", "found ',', expected: !, identifier, or 'end of string'"],
    ["a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ["a=b c", "found 'c', expected: ',' or 'end of string'"],
    ["a in b", "unable to parse requirement: found 'b' expected: '('"],
    [
      "a in ()",
      "unable to parse requirement: values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
    ],
    ["!", "unable to parse requirement: found '', expected: identifier"],
    ["a=(", "unable to parse requirement: found '(', expected: identifier"],
    ["a in (b", "unable to parse requirement: found '', expected: ',' or ')'"],
    [
      "a>x",
      "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
    ],
  ])("refuses %j", (text, message) => {
    expect(() => parseSelector(text)).toThrow(new Error(message));
  });

  it("names the rule that a key or value breaks", () => {
    expect(() => parseSelector("a@b=c")).toThrow(
      /^unable to parse requirement: key: Invalid value: "a@b": name part must/,
    );
    expect(() => parseSelector("a=-b")).toThrow(/values\[0\]\[a\]: Invalid value: "-b": a valid label must be/);
    expect(() => parseSelector(`a=${"x".repeat(64)}`)).toThrow(/must be no more than 63 bytes/);
  });

  it("reads what it prints, and never fails with anything but an Error", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", "b", "1", "=", "!", "<", ">", "(", ")", ",", " ", "in") }),
        (text) => {
          let printed: string;
          try {
            printed = parseSelector(text).toString();
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
            return;
          }
          expect(parseSelector(printed).toString()).toBe(printed);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe("selectorOf", () => {
  it("selects nothing for undefined and everything for an empty selector", () => {
    expect(selectorOf(undefined).matches({})).toBe(false);
    expect(selectorOf(undefined).isNothing).toBe(true);
    expect(selectorOf({}).matches(undefined)).toBe(true);
    expect(selectorOf({}).isEverything).toBe(true);
  });

  it("joins labels and expressions", () => {
    const selector = selectorOf({
      matchLabels: { app: "web" },
      matchExpressions: [
        { key: "tier", operator: "NotIn", values: ["db"] },
        { key: "canary", operator: "DoesNotExist" },
      ],
    });
    expect(selector.toString()).toBe("app=web,!canary,tier notin (db)");
    expect(selector.matches({ app: "web" })).toBe(true);
    expect(selector.matches({ app: "web", canary: "" })).toBe(false);
  });

  it("refuses an unknown operator", () => {
    expect(() => selectorOf({ matchExpressions: [{ key: "a", operator: "Like" }] })).toThrow(
      '"Like" is not a valid label selector operator',
    );
  });
});

it("selectorFromSet needs every label", () => {
  expect(selectorFromSet(undefined).isEverything).toBe(true);
  expect(selectorFromSet({ a: "1", b: "2" }).matches({ a: "1", b: "2", c: "3" })).toBe(true);
  expect(selectorFromSet({ a: "1", b: "2" }).matches({ a: "1" })).toBe(false);
});
