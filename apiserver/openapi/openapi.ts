/**
 * Answers `/openapi/v2`, `/openapi/v3` and `/openapi/v3/<group version>`. Documents are made from the strategies when
 * they are first asked for, and kept as bytes with their ETag and a compressed copy.
 */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { type Group, groupsOf } from "../discovery/group-versions.ts";
import type { PathServer } from "../discovery/paths.ts";
import type { Clock } from "../../shared/process/clock.ts";
import { acceptClauses } from "../http/accept.ts";
import { notAcceptable } from "../http/negotiate.ts";
import type { RequestContext } from "../http/request-context.ts";
import { beginAnswer, sendBytes } from "../http/respond.ts";
import type { AnyStrategy } from "../registry/strategy.ts";
import { type DocumentV2, documentV2 } from "./document-v2.ts";
import { documentV3 } from "./document-v3.ts";
import { operationsOf } from "./operations.ts";
import { encodeDocumentV2 } from "./protobuf-v2.ts";
import { encodeDocumentV3 } from "./protobuf-v3.ts";

const JSON_TYPE = "application/json";
/** A protobuf form: what clients ask for, and what they are told, since Go's MIME parser does not take the `@`. */
interface ProtobufForm {
  readonly asked: readonly string[];
  readonly answered: string;
}
const PROTOBUF_V2 = protobufForm("v2");
const PROTOBUF_V3 = protobufForm("v3");
const V2 = "/openapi/v2";
const V3 = "/openapi/v3";
/** A document whose address carries its hash never changes: browsers and kubectl may keep it for a year. */
const IMMUTABLE_SECONDS = 31_536_000;
const IMMUTABLE = `public, immutable, max-age=${IMMUTABLE_SECONDS}`;

interface Document {
  readonly contentType: string;
  readonly bytes: Buffer;
  readonly gzip: Buffer;
  /** Upper-case hexadecimal SHA-512. */
  readonly hash: string;
}

function documentOf(contentType: string, content: Uint8Array | object): Document {
  const bytes = content instanceof Uint8Array ? Buffer.from(content) : Buffer.from(JSON.stringify(content));
  const hash = createHash("sha512").update(bytes).digest("hex").toUpperCase();
  return { contentType, bytes, gzip: gzipSync(bytes), hash };
}

function protobufForm(version: string): ProtobufForm {
  const answered = `application/com.github.proto-openapi.spec.${version}.v1.0+protobuf`;
  return { asked: [`application/com.github.proto-openapi.spec.${version}@v1.0+protobuf`, answered], answered };
}

/** The forms of one group and version. */
interface GroupVersionDocuments {
  readonly json: () => Document;
  readonly protobuf: () => Document;
}

/** Calls `make` once, when it is first needed. */
function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

export class OpenApi implements PathServer {
  readonly #v2: () => Document;
  readonly #v2Protobuf: () => Document;
  readonly #v3: () => Document;
  /** By `api/v1`, `apis/apps/v1`. */
  readonly #groupVersions: ReadonlyMap<string, GroupVersionDocuments>;
  readonly #clock: Clock;

  constructor(strategies: readonly AnyStrategy[], version: string, clock: Clock) {
    this.#clock = clock;
    // Its two forms are asked for by different clients: made anew for each rather than kept between them.
    const v2 = (): DocumentV2 => documentV2(operationsOf(strategies), version);
    this.#v2 = lazily(() => documentOf(JSON_TYPE, v2()));
    this.#v2Protobuf = lazily(() => documentOf(PROTOBUF_V2.answered, encodeDocumentV2(v2())));
    this.#groupVersions = new Map(groupsOf(strategies).flatMap((group) => documentsOf(group, version)));
    this.#v3 = lazily(() => {
      const entries = [...this.#groupVersions].map(([name, document]) => [
        name,
        { serverRelativeURL: `${V3}/${name}?hash=${document.json().hash}` },
      ]);
      return documentOf(JSON_TYPE, { paths: Object.fromEntries(entries) as object });
    });
  }

  paths(): string[] {
    return [V2, V3, ...[...this.#groupVersions.keys()].map((name) => `${V3}/${name}`)];
  }

  serve(context: RequestContext): boolean {
    const path = context.info.path.replace(/\/+$/u, "");
    if (path === V2) {
      sendDocument(context, wantsProtobuf(context, PROTOBUF_V2) ? this.#v2Protobuf() : this.#v2());
      return true;
    }
    if (path === V3) {
      sendDocument(context, this.#v3());
      return true;
    }
    const document = path.startsWith(`${V3}/`) ? this.#groupVersions.get(path.slice(V3.length + 1)) : undefined;
    if (document === undefined) return false;
    this.#sendGroupVersion(context, path, document);
    return true;
  }

  /** Both forms go by the hash of the JSON form, which is what the index names. */
  #sendGroupVersion(context: RequestContext, path: string, documents: GroupVersionDocuments): void {
    const asked = context.query.get("hash");
    const { hash } = documents.json();
    if (asked !== null && asked !== hash) {
      if (beginAnswer(context)) context.response.writeHead(301, { Location: `${path}?hash=${hash}` }).end();
      return;
    }
    if (asked !== null) {
      const expires = new Date(this.#clock.nowMs() + IMMUTABLE_SECONDS * 1000);
      context.response.setHeader("Cache-Control", IMMUTABLE);
      context.response.setHeader("Expires", expires.toUTCString());
    }
    sendDocument(context, wantsProtobuf(context, PROTOBUF_V3) ? documents.protobuf() : documents.json());
  }
}

function documentsOf(group: Group, version: string): [string, GroupVersionDocuments][] {
  const root = group.name === "" ? "api" : `apis/${group.name}`;
  return group.versions.map((one) => {
    const make = (): Record<string, unknown> => documentV3(operationsOf(one.strategies), version);
    const json = lazily(() => documentOf(JSON_TYPE, make()));
    const protobuf = lazily(() => documentOf(PROTOBUF_V3.answered, encodeDocumentV3(make())));
    return [`${root}/${one.version}`, { json, protobuf }];
  });
}

/** Whether the client wants the protobuf form more than JSON. */
function wantsProtobuf(context: RequestContext, form: ProtobufForm): boolean {
  const accept = context.request.headers.accept ?? "";
  if (accept === "") return false;
  for (const { type } of acceptClauses(accept)) {
    if (form.asked.includes(type)) return true;
    if (type === JSON_TYPE || type === "application/*" || type === "*/*") return false;
  }
  throw notAcceptable();
}

function sendDocument(context: RequestContext, document: Document): void {
  const { request, response } = context;
  response.setHeader("ETag", `"${document.hash}"`);
  response.setHeader("Vary", "Accept, Accept-Encoding");
  if (request.headers["if-none-match"] === `"${document.hash}"`) {
    if (beginAnswer(context)) response.writeHead(304).end();
    return;
  }
  const acceptsGzip = /\bgzip\b/u.test(String(request.headers["accept-encoding"] ?? ""));
  if (acceptsGzip) response.setHeader("Content-Encoding", "gzip");
  sendBytes(context, 200, document.contentType, acceptsGzip ? document.gzip : document.bytes);
}
