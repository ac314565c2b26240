/**
 * The baselines: `node:https` and nothing else. `/bytes` writes a list that lies ready, `/stringify` makes its JSON
 * for each request, `/gzip` compresses it for each request, `/small` writes one object, `/watch` is a chunked stream.
 */
import { createServer } from "node:https";
import type { Duplex } from "node:stream";
import { gzipSync } from "node:zlib";
import { createCertificateAuthority, issueCertificate } from "../../shared/process/pki.ts";
import { samplePod } from "../support/sample-pod.ts";
import { serve } from "./ipc.ts";

const [count = 1000, bytes = 14_400] = process.argv.slice(2).map(Number);
const list = {
  kind: "PodList",
  apiVersion: "v1",
  metadata: {},
  items: Array.from({ length: count }, (_, index) => samplePod(index, bytes)),
};
const listBytes = Buffer.from(JSON.stringify(list));
const smallBytes = Buffer.from(JSON.stringify(samplePod(0, 3900)));
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
const server = createServer(tls, (request, response) => {
  response.setHeader("Content-Type", "application/json");
  switch (request.url ?? "") {
    case "/bytes": {
      for (let from = 0; from < listBytes.length; from += SLAB_BYTES)
        response.write(listBytes.subarray(from, from + SLAB_BYTES));
      return void response.end();
    }
    case "/stringify":
      return void response.end(JSON.stringify(list));
    case "/gzip":
      response.setHeader("Content-Encoding", "gzip");
      return void response.end(gzipSync(JSON.stringify(list), { level: 1 }));
    case "/small":
      return void response.end(smallBytes);
    case "/watch":
      response.writeHead(200, { "Transfer-Encoding": "chunked" });
      response.flushHeaders();
      if (response.socket !== null) watchers.add(response.socket);
      return;
    default:
      return void response.writeHead(404).end();
  }
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  serve({ port, ca: authority.certificate, cert: pair.certificate, key: pair.key }, async (request) => {
    const { times, valueBytes } = request as { times: number; valueBytes: number };
    for (let index = 0; index < times; index++) {
      const line = `${JSON.stringify({ type: "MODIFIED", object: { data: { text: String(index).padStart(valueBytes, "x") } } })}\n`;
      const frame = Buffer.from(`${line.length.toString(16)}\r\n${line}\r\n`);
      for (const watcher of watchers) watcher.write(frame);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return "done";
  });
});
