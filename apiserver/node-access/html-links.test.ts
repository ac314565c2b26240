import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { deflateSync, gunzipSync, gzipSync, inflateSync } from "node:zlib";
import fc from "fast-check";
import { canRewrite, linkRewriting, proxiedAddress } from "./html-links.ts";

const PREFIX = "/api/v1/namespaces/a/pods/b/proxy";
const TARGET = { origin: "http://10.0.0.1:80", prefix: PREFIX };

async function rewrite(page: Buffer, encoding = "", chunk = 7): Promise<Buffer> {
  const pieces = Array.from({ length: Math.ceil(page.length / chunk) }, (_, at) =>
    page.subarray(at * chunk, (at + 1) * chunk),
  );
  const out: Buffer[] = [];
  const collect = async (from: AsyncIterable<Buffer>): Promise<void> => {
    for await (const piece of from) out.push(piece);
  };
  await pipeline([Readable.from(pieces), ...linkRewriting(TARGET, encoding), collect]);
  return Buffer.concat(out);
}

describe("links of a page behind the proxy", () => {
  it.each<[string, string, string]>([
    ["an absolute path", `<a href="/x?a=1&amp;b=2">`, `<a href="${PREFIX}/x?a=1&amp;b=2">`],
    ["without quotes", "<link href=/x.css rel=s>", `<link href=${PREFIX}/x.css rel=s>`],
    ["in single quotes, in capitals", "<IMG SRC='/x.png'>", `<IMG SRC='${PREFIX}/x.png'>`],
    ["the backend's own address", `<a href="http://10.0.0.1:80/x">`, `<a href="${PREFIX}/x">`],
    ["several in one element", `<video src="/v" poster="/p">`, `<video src="${PREFIX}/v" poster="${PREFIX}/p">`],
    [
      "of forms and scripts",
      `<form action="/f"><script src="/s">`,
      `<form action="${PREFIX}/f"><script src="${PREFIX}/s">`,
    ],
  ])("lead through it: %s", async (_, page, expected) => {
    expect((await rewrite(Buffer.from(page))).toString()).toBe(expected);
  });

  it.each([
    `<a href="x/y">`,
    `<a href="//other.example/x">`,
    `<a href="https://other.example/x">`,
    `<a href="#top">`,
    `<a href="${PREFIX}/x">`,
    `<a title="/x" data-href="/y">`,
    `<div href="/x">`,
    `<script>document.write('<a href="/x">')</script>`,
    `<!-- <a href="/x"> -->`,
    `<p>1 < 2 &nbsp; é`,
  ])("stay as they are otherwise: %s", async (page) => {
    expect((await rewrite(Buffer.from(page))).toString()).toBe(page);
  });

  it("are found in packed pages", async () => {
    const page = Buffer.from('<a href="/x">');
    expect(gunzipSync(await rewrite(gzipSync(page), "gzip")).toString()).toBe(`<a href="${PREFIX}/x">`);
    expect(inflateSync(await rewrite(deflateSync(page), "deflate")).toString()).toBe(`<a href="${PREFIX}/x">`);
  });

  it("are all that changes: bytes of any charset, cut anywhere", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 1, max: 9 }), async (bytes, chunk) => {
        // Without what could begin an element of its own, and without NUL and CR, which HTML reads as something else.
        const noise = Buffer.from(bytes.filter((byte) => byte !== 0x3c && byte !== 0 && byte !== 0x0d));
        const page = Buffer.concat([noise, Buffer.from('<a href="/x">'), noise]);
        const expected = Buffer.concat([noise, Buffer.from(`<a href="${PREFIX}/x">`), noise]);
        expect((await rewrite(page, "", chunk)).equals(expected)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it("are looked for in HTML that can be opened only", () => {
    expect(canRewrite("text/html; charset=utf-8", "")).toBe(true);
    expect(canRewrite("Text/HTML", "GZIP")).toBe(true);
    expect(canRewrite("text/html", "br")).toBe(false);
    expect(canRewrite("application/json", "")).toBe(false);
  });
});

describe("an address", () => {
  it("keeps the backend's root", () => {
    expect(proxiedAddress("http://10.0.0.1:80", TARGET)).toBe(`${PREFIX}/`);
    expect(proxiedAddress("http://10.0.0.1:8080/x", TARGET)).toBe("http://10.0.0.1:8080/x");
  });
});
