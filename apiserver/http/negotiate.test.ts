import { negotiate, negotiateFormat } from "./negotiate.ts";

const TABLES = ["Table", "PartialObjectMetadata"] as const;

describe("the form of an answer", () => {
  it.each([
    [undefined, "json", undefined],
    ["", "json", undefined],
    ["*/*", "json", undefined],
    ["application/json", "json", undefined],
    ["application/yaml", "yaml", undefined],
    ["application/vnd.kubernetes.protobuf, */*", "json", undefined],
    ["application/vnd.kubernetes.protobuf,application/json", "json", undefined],
    ["application/json;q=0.1, application/yaml", "yaml", undefined],
    ["application/json;as=Table;v=v1;g=meta.k8s.io,application/json", "json", "Table"],
    ["application/json;as=Table;v=v1;g=other,application/json", "json", undefined],
    [
      "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json",
      "json",
      "PartialObjectMetadata",
    ],
  ])("for %j is %s %s", (accept, format, as) => {
    expect(negotiate(accept, TABLES)).toMatchObject({ format, as });
  });

  it.each([
    "text/html",
    "application/vnd.kubernetes.protobuf",
    "application/json;as=Table;v=v9;g=meta.k8s.io",
    "application/json;q=0",
  ])("cannot be made for %j: 406", (accept) => {
    expect(() => negotiate(accept, TABLES)).toThrow("only the following media types are accepted");
    expect(negotiateFormat(accept)).toBe("json");
  });
});
