/**
 * The baselines: Node's own server and nothing else, `bare.ts JSON` as `apiserver.ts`. `/bytes` writes a list that lies
 * ready, `/stringify` makes its JSON for each request, `/gzip` compresses it for each request, `/small` writes one
 * object, `/consistent` too, once the store has told its revision, `/watch` is a chunked stream. `/page` is 500 objects
 * of the list, `/filter` looks through the list, a POST gets its body back, once it is in the store if there is one. The list is `copies` times as long
 * as it has different objects, and its copies lie in memory of their own.
 */
import { once } from "node:events";
import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { Duplex } from "node:stream";
import { gzipSync } from "node:zlib";
import { createCertificateAuthority, issueCertificate } from "../../shared/process/pki.ts";
import { openBareStore } from "../support/bare-store.ts";
import { samplePod } from "../support/sample-pod.ts";
import { serve } from "./ipc.ts";
import type { ServerRequest, ServerSetup } from "./setup.ts";

const setup = JSON.parse(process.argv[2] ?? "{}") as ServerSetup;
const { count = 0, bytes = 0, copies = 1, isPlain = false } = setup;
const store = setup.store === undefined ? undefined : openBareStore(setup.store);
const list = {
  kind: "PodList",
  apiVersion: "v1",
  metadata: {},
  items: Array.from({ length: count }, (_, index) => samplePod(index, bytes)),
};
const listBytes = Buffer.from(JSON.stringify(list));
const allBytes = Array.from({ length: copies }, () => Buffer.from(listBytes));
const allLabels = Array.from({ length: copies }, () => list.items.map(labelsOf));
const pageBytes = Buffer.from(JSON.stringify({ ...list, items: list.items.slice(0, 500) }));
const smallBytes = Buffer.from(JSON.stringify(samplePod(0, bytes)));
const SLAB_BYTES = 128 * 1024;
const watchers = new Set<Duplex>();

const authority = await createCertificateAuthority("bench");
const pair = await issueCertificate(authority, {
  commonName: "localhost",
  dnsNames: ["localhost"],
  ipAddresses: ["127.0.0.1"],
  usages: ["server", "client"],
});
const tls = { key: pair.key, cert: pair.certificate, ca: authority.certificate, requestCert: true };

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://bare");
  response.setHeader("Content-Type", "application/json");
  switch (pathname) {
    case "/bytes":
      response.setHeader("Content-Length", listBytes.length * copies);
      for (const part of allBytes) {
        for (let from = 0; from < part.length; from += SLAB_BYTES) {
          if (!response.write(part.subarray(from, from + SLAB_BYTES))) await once(response, "drain");
        }
      }
      return void response.end();
    case "/page":
      return void response.end(pageBytes);
    case "/stringify":
      for (let copy = 0; copy < copies; copy++) {
        if (!response.write(JSON.stringify(list))) await once(response, "drain");
      }
      return void response.end();
    case "/gzip":
      response.setHeader("Content-Encoding", "gzip");
      return void response.end(gzipSync(JSON.stringify(list), { level: 1 }));
    case "/filter":
      // What there is without an index and without cached bytes: look at every object, print those that fit.
      return void response.end(JSON.stringify(filtered()));
    case "/consistent":
      await store?.revision();
      return void response.end(smallBytes);
    case "/small":
      return void response.end(smallBytes);
    case "/watch":
      response.writeHead(200, { "Transfer-Encoding": "chunked" });
      response.flushHeaders();
      if (response.socket !== null) watchers.add(response.socket);
      return;
    case "/api/v1/namespaces/default/configmaps": {
      const body = await bodyOf(request);
      await store?.put(body);
      return void response.writeHead(201, { "Content-Length": body.length }).end(body);
    }
    case "/change":
      write(frameOf(0, 4000));
      return void response.end("{}");
    default:
      return void response.writeHead(404).end();
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(request, "end");
  return Buffer.concat(chunks);
}

/** Of an object of its own. */
function labelsOf(pod: Record<string, unknown>): Record<string, string> {
  return structuredClone((pod["metadata"] as { labels: Record<string, string> }).labels);
}

function filtered(): unknown[] {
  const found: unknown[] = [];
  for (const labels of allLabels) {
    for (const [index, one] of labels.entries()) if (one["slot"] === "7") found.push(list.items[index]);
  }
  return found;
}

function frameOf(index: number, valueBytes: number): Buffer {
  const object = { data: { text: String(index).padStart(valueBytes, "x") } };
  const line = `${JSON.stringify({ type: "MODIFIED", object })}\n`;
  return Buffer.from(`${line.length.toString(16)}\r\n${line}\r\n`);
}

function write(frame: Buffer): void {
  for (const watcher of watchers) watcher.write(frame);
}

const handle = (request: IncomingMessage, response: ServerResponse): void => void answer(request, response);
// Connections rest while the others have their turn.
const common = { keepAliveTimeout: 120_000 };
const server = isPlain ? createPlainServer(common, handle) : createServer({ ...common, ...tls }, handle);
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  serve({ port, isPlain, ca: authority.certificate, cert: pair.certificate, key: pair.key }, async (asked) => {
    const request = asked as ServerRequest;
    if (request.do !== "change") return "nothing";
    for (let index = 0; index < request.times; index++) {
      write(frameOf(index, request.valueBytes));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return "done";
  });
});
