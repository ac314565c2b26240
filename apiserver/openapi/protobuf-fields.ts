/**
 * What both protobuf forms of OpenAPI are written with: gnostic's messages, field by field. Maps are lists of
 * `NamedX {name = 1, value = 2}`, and values of any kind travel as YAML (`Any.yaml = 2`); JSON is YAML.
 */
import type { Writer } from "protobufjs/minimal.js";

export type Json = Record<string, unknown>;
type Write = (writer: Writer) => void;

const LENGTH_DELIMITED = 2;

function tag(writer: Writer, field: number): Writer {
  return writer.uint32((field << 3) | LENGTH_DELIMITED);
}

export function text(writer: Writer, field: number, value: unknown): void {
  if (typeof value === "string" && value !== "") tag(writer, field).string(value);
}

export function texts(writer: Writer, field: number, values: unknown): void {
  if (Array.isArray(values)) for (const value of values) text(writer, field, value);
}

export function flag(writer: Writer, field: number, value: unknown): void {
  if (value === true) writer.uint32(field << 3).bool(true);
}

export function message(writer: Writer, field: number, write: Write): void {
  tag(writer, field).fork();
  write(writer);
  writer.ldelim();
}

/** `NamedX {name = 1, value = 2}` for each entry. */
export function named(
  writer: Writer,
  field: number,
  entries: Json,
  write: (writer: Writer, value: unknown) => void,
): void {
  for (const [name, value] of Object.entries(entries)) {
    message(writer, field, () => {
      text(writer, 1, name);
      message(writer, 2, () => write(writer, value));
    });
  }
}

export function anyValue(writer: Writer, value: unknown): void {
  text(writer, 2, JSON.stringify(value));
}

export function extensions(writer: Writer, field: number, object: Json): void {
  named(writer, field, Object.fromEntries(Object.entries(object).filter(([key]) => key.startsWith("x-"))), anyValue);
}
