import { readFileSync } from "node:fs";
import { join } from "node:path";
import { generatedFiles } from "./generate.ts";

describe("what is generated from the controllers", () => {
  it.each(generatedFiles())("$path is what `npm run generate` writes", ({ path, text }) => {
    expect(readFileSync(join(import.meta.dirname, "../..", path), "utf8")).toBe(text);
  });
});
