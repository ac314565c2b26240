/**
 * Version 2 in the protobuf form that kubectl asks for (`application/com.github.proto-openapi.spec.v2@v1.0+protobuf`):
 * the messages of `gnostic`'s `OpenAPIv2.proto`.
 */
import { Writer } from "protobufjs/minimal.js";
import type { DocumentV2, OperationV2, ParameterV2, ResponseV2 } from "./document-v2.ts";
import { anyValue, extensions, flag, type Json, message, named, text, texts } from "./protobuf-fields.ts";

function schema(writer: Writer, value: unknown): void {
  const object = value as Json;
  text(writer, 1, object["$ref"]);
  text(writer, 2, object["format"]);
  text(writer, 4, object["description"]);
  if (object["default"] !== undefined) message(writer, 5, () => anyValue(writer, object["default"]));
  texts(writer, 19, object["required"]);
  if (object["additionalProperties"] !== undefined) {
    message(writer, 21, () => message(writer, 1, () => schema(writer, object["additionalProperties"])));
  }
  if (typeof object["type"] === "string") message(writer, 22, () => text(writer, 1, object["type"]));
  if (object["items"] !== undefined)
    message(writer, 23, () => message(writer, 1, () => schema(writer, object["items"])));
  const properties = object["properties"];
  if (properties !== undefined) message(writer, 25, () => named(writer, 1, properties as Json, schema));
  extensions(writer, 31, object);
}

function parameter(writer: Writer, value: ParameterV2): void {
  // ParametersItem.parameter → Parameter
  message(writer, 1, () => {
    if (value.in === "body") message(writer, 1, () => bodyParameter(writer, value));
    else message(writer, 2, () => message(writer, value.in === "query" ? 3 : 4, () => scalarParameter(writer, value)));
  });
}

function bodyParameter(writer: Writer, value: ParameterV2): void {
  text(writer, 2, value.name);
  text(writer, 3, value.in);
  flag(writer, 4, value.required);
  message(writer, 5, () => schema(writer, value.schema ?? {}));
}

function scalarParameter(writer: Writer, value: ParameterV2): void {
  const isQuery = value.in === "query";
  flag(writer, 1, value.required);
  text(writer, 2, value.in);
  text(writer, 3, value.description);
  text(writer, 4, value.name);
  text(writer, isQuery ? 6 : 5, value.type);
  flag(writer, isQuery ? 20 : 19, value.uniqueItems);
}

function response(writer: Writer, value: unknown): void {
  const { description, schema: body } = value as ResponseV2;
  message(writer, 1, () => {
    text(writer, 1, description);
    if (body !== undefined) message(writer, 2, () => message(writer, 1, () => schema(writer, body)));
  });
}

function operation(writer: Writer, value: OperationV2): void {
  texts(writer, 1, value.tags);
  text(writer, 3, value.description);
  text(writer, 5, value.operationId);
  texts(writer, 6, value.produces);
  texts(writer, 7, value.consumes);
  for (const one of value.parameters) message(writer, 8, () => parameter(writer, one));
  message(writer, 9, () => named(writer, 1, value.responses, response));
  texts(writer, 10, value.schemes);
  extensions(writer, 13, { ...value });
}

const METHOD_FIELDS: Readonly<Record<string, number>> = {
  get: 2,
  put: 3,
  post: 4,
  delete: 5,
  options: 6,
  head: 7,
  patch: 8,
};

function pathItem(writer: Writer, value: unknown): void {
  for (const [method, one] of Object.entries(value as Record<string, OperationV2>)) {
    message(writer, METHOD_FIELDS[method] ?? 2, () => operation(writer, one));
  }
}

/** The document as bytes of `openapi.v2.Document`. */
export function encodeDocumentV2(document: DocumentV2): Uint8Array {
  const writer = Writer.create();
  text(writer, 1, document.swagger);
  message(writer, 2, () => {
    text(writer, 1, document.info.title);
    text(writer, 2, document.info.version);
  });
  message(writer, 8, () => named(writer, 2, document.paths, pathItem));
  message(writer, 9, () => named(writer, 1, document.definitions, schema));
  for (const requirement of document.security) {
    message(writer, 12, () => named(writer, 1, requirement, (inner, scopes) => texts(inner, 1, scopes)));
  }
  message(writer, 13, () =>
    named(writer, 1, document.securityDefinitions, (inner, value) =>
      message(inner, 2, () => {
        const key = value as DocumentV2["securityDefinitions"][string];
        text(inner, 1, key.type);
        text(inner, 2, key.name);
        text(inner, 3, key.in);
        text(inner, 4, key.description);
      }),
    ),
  );
  return writer.finish();
}
