/**
 * Links in pages behind the proxy: those to the backend's root lead through the proxy instead (upstream:
 * `apimachinery/pkg/util/proxy/transport.go`). Only the values of those attributes change, everything else stays as
 * it came, byte for byte, in whatever charset.
 */
import { PassThrough, type Readable } from "node:stream";
import { createDeflate, createGunzip, createGzip, createInflate } from "node:zlib";
import { RewritingStream } from "parse5-html-rewriting-stream";

/** Attributes that hold one address, by element. */
const LINKS: Readonly<Record<string, readonly string[]>> = {
  a: ["href"],
  applet: ["codebase"],
  area: ["href"],
  audio: ["src"],
  base: ["href"],
  blockquote: ["cite"],
  body: ["background"],
  button: ["formaction"],
  command: ["icon"],
  del: ["cite"],
  embed: ["src"],
  form: ["action"],
  frame: ["longdesc", "src"],
  head: ["profile"],
  html: ["manifest"],
  iframe: ["longdesc", "src"],
  img: ["longdesc", "src", "usemap"],
  input: ["src", "usemap", "formaction"],
  ins: ["cite"],
  link: ["href"],
  object: ["classid", "codebase", "data", "usemap"],
  q: ["cite"],
  script: ["src"],
  source: ["src"],
  video: ["poster", "src"],
};

/** Name, sign and quote; then the value with the quote that ends it. */
const ATTRIBUTE = /^([^=]+=\s*["']?)([^]*)$/u;

interface Location {
  readonly startOffset: number;
  readonly endOffset: number;
}

type StartTag = Parameters<RewritingStream["emitStartTag"]>[0];

export interface LinkTarget {
  /** `http://10.0.0.1:80`: whose absolute addresses are meant too. */
  readonly origin: string;
  /** `/api/v1/…/proxy` */
  readonly prefix: string;
}

/** An address as it is reached through the proxy. Relative ones and those of other hosts stay as they are. */
export function proxiedAddress(address: string, { origin, prefix }: LinkTarget): string {
  const isOwn = address === origin || address.startsWith(`${origin}/`);
  const path = isOwn ? address.slice(origin.length) : address;
  if (!isOwn && (!path.startsWith("/") || path.startsWith("//"))) return address;
  return path.startsWith(`${prefix}/`) ? path : prefix + (path === "" ? "/" : path);
}

/** Encodings of bodies that can be opened; a page in another one is left alone. */
export function canRewrite(contentType: string, contentEncoding: string): boolean {
  const type = contentType.split(";")[0]?.trim().toLowerCase();
  return type === "text/html" && ["", "identity", "gzip", "deflate"].includes(contentEncoding.trim().toLowerCase());
}

/** The streams that a page goes through, in order. */
export function linkRewriting(target: LinkTarget, contentEncoding: string): NodeJS.ReadWriteStream[] {
  const rewriter = rewriterOf(target);
  // Every byte is one character: what is not ASCII passes through untouched.
  const toText = new PassThrough({ encoding: "latin1" }) as Readable & NodeJS.ReadWriteStream;
  const toBytes = new PassThrough({ defaultEncoding: "latin1" });
  rewriter.setEncoding("utf8");
  const page = [toText, rewriter, toBytes];
  switch (contentEncoding.trim().toLowerCase()) {
    case "gzip":
      return [createGunzip(), ...page, createGzip()];
    case "deflate":
      return [createInflate(), ...page, createDeflate()];
    default:
      return page;
  }
}

function rewriterOf(target: LinkTarget): RewritingStream {
  const rewriter = new RewritingStream();
  rewriter.on("startTag", (tag, raw) => rewriter.emitRaw(rewrittenTag(tag, raw, target)));
  return rewriter;
}

/** The tag's own text with the addresses in it changed; how they are quoted and escaped stays. */
function rewrittenTag(tag: StartTag, raw: string, target: LinkTarget): string {
  const names = Object.hasOwn(LINKS, tag.tagName) ? LINKS[tag.tagName] : undefined;
  const place = tag.sourceCodeLocation;
  if (names === undefined || place === null || place === undefined || !("attrs" in place)) return raw;
  const places = place.attrs as Readonly<Record<string, Location | undefined>>;
  const changes = names.flatMap((name) => {
    const at = places[name];
    if (at === undefined) return [];
    const [start, end] = [at.startOffset - place.startOffset, at.endOffset - place.startOffset];
    const [, before = "", value = ""] = ATTRIBUTE.exec(raw.slice(start, end)) ?? [];
    return before === "" ? [] : [{ start: start + before.length, end, text: proxiedAddress(value, target) }];
  });
  return changes
    .sort((left, right) => right.start - left.start)
    .reduce((text, { start, end, text: address }) => text.slice(0, start) + address + text.slice(end), raw);
}
