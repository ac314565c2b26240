/**
 * Version 3 in the protobuf form (`application/com.github.proto-openapi.spec.v3@v1.0+protobuf`) that kubectl reads
 * to learn whether the server validates fields: the messages of `gnostic`'s `OpenAPIv3.proto`. Its `DefaultType`
 * holds numbers, booleans and strings only, so the empty structs that are defaults in the JSON form are left out.
 */
import { Writer } from "protobufjs/minimal.js";
import { anyValue, extensions, flag, type Json, message, named, text, texts } from "./protobuf-fields.ts";

const METHOD_FIELDS: Readonly<Record<string, number>> = {
  get: 4,
  put: 5,
  post: 6,
  delete: 7,
  options: 8,
  head: 9,
  patch: 10,
};

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function objects(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** `XOrReference {x = 1, reference = 2}`. */
function orReference(writer: Writer, value: unknown, write: (writer: Writer, value: Json) => void): void {
  if (!isObject(value)) return;
  if (typeof value["$ref"] === "string") message(writer, 2, () => text(writer, 1, value["$ref"]));
  else message(writer, 1, () => write(writer, value));
}

function schemaOrReference(writer: Writer, value: unknown): void {
  orReference(writer, value, schema);
}

function defaultType(writer: Writer, value: unknown): void {
  const field = 33;
  if (typeof value === "number") message(writer, field, () => writer.uint32((1 << 3) | 1).double(value));
  else if (typeof value === "boolean") message(writer, field, () => writer.uint32(2 << 3).bool(value));
  else if (typeof value === "string") message(writer, field, () => writer.uint32((3 << 3) | 2).string(value));
}

function schema(writer: Writer, value: Json): void {
  flag(writer, 20, value["uniqueItems"]);
  texts(writer, 23, value["required"]);
  for (const one of Array.isArray(value["enum"]) ? value["enum"] : []) message(writer, 24, () => anyValue(writer, one));
  text(writer, 25, value["type"]);
  for (const one of objects(value["allOf"])) message(writer, 26, () => schemaOrReference(writer, one));
  for (const one of objects(value["oneOf"])) message(writer, 27, () => schemaOrReference(writer, one));
  if (isObject(value["items"])) {
    message(writer, 30, () => message(writer, 1, () => schemaOrReference(writer, value["items"])));
  }
  const { properties } = value;
  if (isObject(properties)) message(writer, 31, () => named(writer, 1, properties, schemaOrReference));
  if (isObject(value["additionalProperties"])) {
    message(writer, 32, () => message(writer, 1, () => schemaOrReference(writer, value["additionalProperties"])));
  }
  defaultType(writer, value["default"]);
  text(writer, 34, value["description"]);
  text(writer, 35, value["format"]);
  extensions(writer, 36, value);
}

function parameter(writer: Writer, value: Json): void {
  text(writer, 1, value["name"]);
  text(writer, 2, value["in"]);
  text(writer, 3, value["description"]);
  flag(writer, 4, value["required"]);
  message(writer, 10, () => schemaOrReference(writer, value["schema"]));
}

/** `MediaTypes`, in a field of their own. */
function content(writer: Writer, field: number, value: unknown): void {
  if (!isObject(value)) return;
  message(writer, field, () =>
    named(writer, 1, value, (inner, type) => {
      if (isObject(type)) message(inner, 1, () => schemaOrReference(inner, type["schema"]));
    }),
  );
}

function requestBody(writer: Writer, value: Json): void {
  content(writer, 2, value["content"]);
  flag(writer, 3, value["required"]);
}

function response(writer: Writer, value: Json): void {
  text(writer, 1, value["description"]);
  content(writer, 3, value["content"]);
}

function operation(writer: Writer, value: Json): void {
  texts(writer, 1, value["tags"]);
  text(writer, 3, value["description"]);
  text(writer, 5, value["operationId"]);
  for (const one of objects(value["parameters"])) message(writer, 6, () => orReference(writer, one, parameter));
  if (isObject(value["requestBody"])) message(writer, 7, () => orReference(writer, value["requestBody"], requestBody));
  const { responses } = value;
  if (isObject(responses)) {
    message(writer, 8, () =>
      named(writer, 2, responses, (inner, one) => {
        orReference(inner, one, response);
      }),
    );
  }
  extensions(writer, 13, value);
}

function pathItem(writer: Writer, value: unknown): void {
  if (!isObject(value)) return;
  for (const [method, field] of Object.entries(METHOD_FIELDS)) {
    const one = value[method];
    if (isObject(one)) message(writer, field, () => operation(writer, one));
  }
  for (const one of objects(value["parameters"])) message(writer, 13, () => orReference(writer, one, parameter));
}

function components(writer: Writer, value: Json): void {
  const { schemas, securitySchemes } = value;
  if (isObject(schemas)) message(writer, 1, () => named(writer, 1, schemas, schemaOrReference));
  if (isObject(securitySchemes)) {
    message(writer, 7, () =>
      named(writer, 1, securitySchemes, (inner, one) => {
        orReference(inner, one, securityScheme);
      }),
    );
  }
}

function securityScheme(writer: Writer, value: Json): void {
  text(writer, 1, value["type"]);
  text(writer, 2, value["description"]);
  text(writer, 3, value["name"]);
  text(writer, 4, value["in"]);
}

/** The document as bytes of `openapi.v3.Document`. */
export function encodeDocumentV3(document: Json): Uint8Array {
  const writer = Writer.create();
  const { info, paths, components: parts } = document;
  text(writer, 1, document["openapi"]);
  if (isObject(info)) {
    message(writer, 2, () => {
      text(writer, 1, info["title"]);
      text(writer, 6, info["version"]);
    });
  }
  if (isObject(paths)) message(writer, 4, () => named(writer, 1, paths, pathItem));
  if (isObject(parts)) message(writer, 5, () => components(writer, parts));
  return writer.finish();
}
