import { negotiate, negotiateAnswer, negotiateStream } from "./negotiate.ts";

describe("the form of an answer", () => {
  it.each([
    [undefined, "json", undefined],
    ["", "json", undefined],
    ["*/*", "json", undefined],
    ["application/json", "json", undefined],
    ["application/yaml", "yaml", undefined],
    ["application/vnd.kubernetes.protobuf, */*", "protobuf", undefined],
    ["*/*, application/vnd.kubernetes.protobuf", "protobuf", undefined],
    ["application/*, application/yaml;q=0.5", "json", undefined],
    ["application/vnd.kubernetes.protobuf,application/json", "protobuf", undefined],
    ["application/vnd.kubernetes.protobuf;stream=watch", "protobuf", undefined],
    ["application/yaml;stream=watch, application/json", "json", undefined],
    ["application/json;stream=other, application/yaml", "yaml", undefined],
    ["application/json;sv=v2, application/yaml", "yaml", undefined],
    ["application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1, application/json", "json", undefined],
    ["*/*;as=Table;g=meta.k8s.io;v=v1beta1", "json", "Table"],
    ["application/json;q=0.1, application/yaml", "yaml", undefined],
    ["application/json;as=Table;v=v1;g=meta.k8s.io,application/json", "json", "Table"],
    ["application/json;as=Table;v=v1;g=other,application/json", "json", undefined],
    [
      "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json",
      "protobuf",
      "PartialObjectMetadata",
    ],
  ])("for %j is %s %s", (accept, format, as) => {
    expect(negotiate(accept)).toMatchObject({ format, as });
  });

  it.each(["text/html", "application/json;as=Table;v=v9;g=meta.k8s.io", "application/json;q=0"])(
    "cannot be made for %j: 406",
    (accept) => {
      const error = "only the following media types are accepted: application/json, application/yaml";
      expect(() => negotiate(accept)).toThrow(`${error}, application/vnd.kubernetes.protobuf`);
      expect(() => negotiate(accept, { hasProtobuf: false })).toThrow(new RegExp(`${error}$`, "u"));
      expect(negotiateAnswer(accept)).toEqual({ format: "json", as: undefined, version: "v1" });
    },
  );

  it("is JSON or protobuf for a watch, and JSON for a kind without protobuf", () => {
    expect(negotiateStream("application/vnd.kubernetes.protobuf, application/json").format).toBe("protobuf");
    expect(
      negotiateStream("application/vnd.kubernetes.protobuf, application/json", { hasProtobuf: false }).format,
    ).toBe("json");
    expect(() => negotiateStream("application/yaml")).toThrow(
      "only the following media types are accepted: application/json;stream=watch, " +
        "application/vnd.kubernetes.protobuf;stream=watch",
    );
  });
});
