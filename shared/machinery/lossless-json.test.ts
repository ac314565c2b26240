import { deepEqual } from "./deep-equal.ts";
import { clone } from "./clone.ts";
import { exactInteger, parseJson, stringifyJson } from "./lossless-json.ts";

describe("lossless JSON", () => {
  it("keeps integers of 64 bits exactly", () => {
    const text =
      '{"a":9223372036854775807,"b":[-9223372036854775808],"c":1.5,"d":"1234567890123456789","e":1234567890123456}';
    expect(stringifyJson(parseJson(text).value)).toBe(text);
    expect(stringifyJson(clone(parseJson(text).value))).toBe(text);
    expect(stringifyJson([exactInteger("9007199254740993"), exactInteger("5")])).toBe("[9007199254740993,5]");
  });

  it("compares integers that a double cannot tell apart", () => {
    const [left, right] = [parseJson("9007199254740993").value, parseJson("9007199254740995").value];
    expect(deepEqual(left, right)).toBe(false);
    expect(deepEqual(left, parseJson("9007199254740993").value)).toBe(true);
  });

  it("treats __proto__ as a key like any other", () => {
    const { value } = parseJson('{"__proto__":{"polluted":true}}');
    expect(Object.keys(value as object)).toEqual(["__proto__"]);
    expect((clone(value) as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(stringifyJson(clone(value))).toBe('{"__proto__":{"polluted":true}}');
  });

  it("names repeated keys by their path", () => {
    const text = '{"a":1,"a":2,"b":{"c":[{"d":1,"d":2},{"d":":"}]},"x":"a\\"b"}';
    expect(parseJson(text)).toEqual({
      value: { a: 2, b: { c: [{ d: 2 }, { d: ":" }] }, x: 'a"b' },
      duplicateFields: ["a", "b.c[0].d"],
    });
  });

  it("refuses depth beyond the limit before parsing", () => {
    expect(() => parseJson("[".repeat(3_000_000))).toThrow("exceeded max depth");
    expect(() => parseJson(`${"[".repeat(512)}${"]".repeat(512)}`)).not.toThrow();
    expect(() => parseJson(`"${"[".repeat(600)}"`)).not.toThrow();
  });

  it.each([
    ["", "unexpected end of JSON input"],
    ["{", "unexpected end of JSON input"],
    ['{"a":}', "invalid character '}' looking for beginning of value"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1}x', "invalid character 'x' after top-level value"],
    ["{a:1}", "invalid character 'a' looking for beginning of object key string"],
    ["[1 2]", "invalid character '2' after array element"],
  ])("says of %j what Go says", (text, message) => {
    expect(() => parseJson(text)).toThrow(message);
  });
});
