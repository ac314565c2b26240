import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { encodeProtobuf } from "./protobuf-writer.ts";

const GOLDEN = join(import.meta.dirname, "../../test/golden/protobuf");
const names = readdirSync(GOLDEN)
  .filter((file) => file.endsWith(".pb"))
  .map((file) => file.slice(0, -3));

describe("protobuf answers", () => {
  it.each(names)("encode %s to upstream's bytes", (name) => {
    const json = JSON.parse(readFileSync(join(GOLDEN, `${name}.json`), "utf8")) as object;
    expect(encodeProtobuf(json)?.toString("hex")).toBe(readFileSync(join(GOLDEN, `${name}.pb`)).toString("hex"));
  });
});
