/**
 * The ends of every request: an object, a `Status` error or a text. Nothing is written twice: when an answer has
 * begun (a timeout was faster than the handler), the later one is dropped.
 */
import { stringify as stringifyYaml } from "yaml";
import { rawNumberText } from "../../shared/machinery/lossless-json.ts";
import { StatusError } from "../../shared/errors/status-error.ts";
import { StorageUnavailableError } from "../storage/storage.ts";
import { encodeProtobuf } from "../schema/protobuf-writer.ts";
import { negotiateAnswer, type Negotiated, PROTOBUF_TYPE } from "./negotiate.ts";
import type { RequestContext } from "./request-context.ts";

const JSON_TYPE = "application/json";
const YAML_TYPE = "application/yaml";
/** All warnings of one answer together, as upstream: clients print them and proxies limit header sizes. */
const WARNING_BYTES_MAX = 4096;

/** As Go's library writes it: readers of YAML 1.1 must not take `yes` or a time for something else. */
const YAML_STYLE = {
  version: "1.1",
  sortMapEntries: true,
  indentSeq: false,
  lineWidth: 0,
  aliasDuplicateObjects: false,
} as const;

/** Integers that were kept as text. */
function exactIntegers(_key: unknown, value: unknown): unknown {
  const text = rawNumberText(value);
  return text === undefined ? value : BigInt(text);
}

/** `299 - "text"` with the quoting of RFC 7234. */
export function warningHeader(text: string): string {
  const clean = text.replace(/\p{Cc}/gu, " ").replace(/[\\"]/gu, "\\$&");
  return `299 - "${Buffer.from(clean, "utf8").toString("latin1")}"`;
}

function canAnswer({ response }: RequestContext): boolean {
  return !response.headersSent && !response.destroyed && !response.writableEnded;
}

/**
 * Sets the headers that every answer has, and its warnings; call it before the head is written. What a handler set
 * itself before stays. Returns whether the head may be written.
 */
export function beginAnswer(context: RequestContext): boolean {
  if (!canAnswer(context)) return false;
  const { response, answerHeaders } = context;
  for (let index = 0; index + 1 < answerHeaders.length; index += 2) {
    const name = answerHeaders[index] ?? "";
    if (!response.hasHeader(name)) response.setHeader(name, answerHeaders[index + 1] ?? "");
  }
  if (context.warnings.length > 0) {
    let bytes = 0;
    const kept: string[] = [];
    for (const text of new Set(context.warnings)) {
      const header = warningHeader(text);
      bytes += header.length;
      if (bytes > WARNING_BYTES_MAX) break;
      kept.push(header);
    }
    response.setHeader("Warning", kept);
  }
  return true;
}

/** Answers bytes of that type. */
export function sendBytes(context: RequestContext, code: number, contentType: string, body: Buffer | string): void {
  const bytes = typeof body === "string" ? Buffer.from(body, "utf8") : body;
  const { response, request, warnings, answerHeaders } = context;
  if (!canAnswer(context)) return;
  if (warnings.length === 0 && response.getHeaderNames().length === 0) {
    // A flat list goes out as it is; headers that are set one by one are checked and kept in between.
    const length = String(bytes.length);
    response.writeHead(code, [...answerHeaders, "Content-Type", contentType, "Content-Length", length]);
  } else {
    beginAnswer(context);
    response.writeHead(code, { "Content-Type": contentType, "Content-Length": bytes.length });
  }
  response.end(request.method === "HEAD" ? undefined : bytes);
}

export function sendText(context: RequestContext, code: number, text: string): void {
  context.response.setHeader("X-Content-Type-Options", "nosniff");
  sendBytes(context, code, "text/plain; charset=utf-8", text);
}

/** `?pretty`, or a person with curl, wget or a browser. */
export function isPretty(context: RequestContext): boolean {
  const asked = context.query.get("pretty");
  if (asked !== null && asked !== "") return /^(?:1|t|T|true|TRUE|True)$/u.test(asked);
  return /^curl|^Wget|^Mozilla\/5\.0/u.test(context.request.headers["user-agent"] ?? "");
}

/** What metadata clients get of an object; a `Status` or a list stays what it is. */
function shownObject(object: object, { as, version }: Negotiated): object {
  const { kind, metadata } = object as { readonly kind?: string; readonly metadata?: { readonly name?: string } };
  if (as !== "PartialObjectMetadata" || kind === "Status" || metadata?.name === undefined) return object;
  return { kind: as, apiVersion: `meta.k8s.io/${version}`, metadata };
}

/**
 * Answers an API object as JSON, or as YAML or protobuf when the client prefers that; what has no protobuf form is
 * answered as JSON. `wholeJson` are its bytes where they are already there.
 */
export function sendObject(context: RequestContext, code: number, whole: object, wholeJson?: Buffer): void {
  const form = negotiateAnswer(context.request.headers.accept);
  const object = shownObject(whole, form);
  const json = object === whole ? wholeJson : undefined;
  if (form.format === "yaml") {
    return sendBytes(context, code, YAML_TYPE, stringifyYaml(object, exactIntegers, YAML_STYLE));
  }
  const protobuf = form.format === "protobuf" ? encodeProtobuf(object) : undefined;
  if (protobuf !== undefined) return sendBytes(context, code, PROTOBUF_TYPE, protobuf);
  if (isPretty(context)) return sendBytes(context, code, JSON_TYPE, `${JSON.stringify(object, undefined, 2)}\n`);
  sendBytes(context, code, JSON_TYPE, json ?? JSON.stringify(object));
}

/** What any thrown value is on the wire. */
export function toStatusError(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof StorageUnavailableError) return new StatusError("ServiceUnavailable", text, { cause: error });
  return new StatusError("InternalError", `Internal error occurred: ${text}`, {
    details: { causes: [{ message: text }] },
    cause: error,
  });
}

/** Answers a `Status` with its code, and `Retry-After` where one is due. */
export function sendError(context: RequestContext, error: unknown): void {
  const status = toStatusError(error);
  if (context.response.headersSent) return;
  const { retryAfterSeconds } = status.details ?? {};
  if (retryAfterSeconds !== undefined) context.response.setHeader("Retry-After", String(retryAfterSeconds));
  sendObject(context, status.code, status.toStatus());
}
