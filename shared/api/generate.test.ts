import { readFileSync } from "node:fs";
import { join } from "node:path";
import { renderTypes } from "./generate.ts";

describe("generated API types", () => {
  it.each([...renderTypes()])("%s equals what definitions.json gives (run `npm run generate`)", (path, text) => {
    expect(readFileSync(join(import.meta.dirname, "generated", path), "utf8")).toBe(text);
  });
});
