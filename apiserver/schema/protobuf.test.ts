import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeBody } from "./decode.ts";
import { decodeProtobuf } from "./protobuf.ts";

const GOLDEN = join(import.meta.dirname, "../../test/golden/protobuf");
const names = readdirSync(GOLDEN)
  .filter((file) => file.endsWith(".pb"))
  .map((file) => file.slice(0, -3));

describe("protobuf bodies", () => {
  it.each(names)("decode %s to its JSON", (name) => {
    const json: unknown = JSON.parse(readFileSync(join(GOLDEN, `${name}.json`), "utf8"));
    const bytes = readFileSync(join(GOLDEN, `${name}.pb`));
    expect(decodeProtobuf(bytes, undefined)).toEqual(json);
  });

  it.each(names)("read %s the same from either form", (name) => {
    const decode = (file: string, contentType: string): unknown =>
      decodeBody({ bytes: readFileSync(join(GOLDEN, file)), contentType, fieldValidation: "Strict" }).object;
    expect(decode(`${name}.pb`, "application/vnd.kubernetes.protobuf")).toEqual(
      decode(`${name}.json`, "application/json"),
    );
  });

  it("refuse what has no envelope or ends too early", () => {
    const bytes = readFileSync(join(GOLDEN, `${names[0]}.pb`));
    expect(() => decodeProtobuf(bytes.subarray(1), undefined)).toThrow("does not appear to be a protobuf message");
    for (let length = 4; length < bytes.length; length += 7) {
      try {
        decodeProtobuf(bytes.subarray(0, length), undefined);
      } catch (error) {
        expect((error as Error).name).toBe("ProtobufError");
      }
    }
  });
});
