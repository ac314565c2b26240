import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { stringifyJson } from "../../shared/machinery/lossless-json.ts";
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

  it("keep 64-bit integers exactly", () => {
    // Unknown { typeMeta { v1, ConfigMap }, raw { metadata { generation: 2^63-1 } } }
    const hex = "6b387300" + "0a0f" + "0a027631" + "1209436f6e6669674d6170" + "120c" + "0a0a" + "38ffffffffffffffff7f";
    expect(stringifyJson(decodeProtobuf(Buffer.from(hex, "hex"), undefined))).toBe(
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"generation":9223372036854775807}}',
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
