/** The JSON codec of the client: the one place that decides how bytes become objects. */
import { parseJson, stringifyJson } from "../machinery/lossless-json.ts";

/** Only text with so many digits in a row can hold an integer that a double cannot (D10). */
const LONG_NUMBER = /\d{16}/;

/** An answer of the server, which is trusted not to nest too deeply. Throws `SyntaxError` when it is no JSON. */
export function decodeJson(bytes: Uint8Array): unknown {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  return LONG_NUMBER.test(text) ? parseJson(text).value : JSON.parse(text);
}

export const encodeJson = stringifyJson;
