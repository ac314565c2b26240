/**
 * A registry of images on loopback (OCI distribution, read only): manifests and blobs over HTTP, with a password for
 * who asks for one. Runtimes read registries on `localhost` without TLS.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type ImageContents, imageBlobs } from "../../cli/image/oci-archive.ts";

const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";

export class ImageRegistry {
  readonly #server = createServer((request, response) => this.#answer(request, response));
  readonly #manifests = new Map<string, Buffer>();
  readonly #blobs = new Map<string, Buffer>();
  readonly #passwords = new Map<string, string>();
  readonly #gates = new Map<string, Promise<void>>();
  #pulls = 0;
  /** Most manifests that were being read at the same time. */
  pullsMax = 0;

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", () => resolve()));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get host(): string {
    const address = this.#server.address();
    return `localhost:${typeof address === "object" && address !== null ? address.port : 0}`;
  }

  /** Serves it as `host/path:tag`; returns that reference. With a password, only for `user` with it. */
  add(path: string, tag: string, image: Omit<ImageContents, "reference">, password?: string): string {
    const { manifest, blobs } = imageBlobs({ ...image, reference: `${this.host}/${path}:${tag}` });
    for (const blob of blobs) this.#blobs.set(`sha256:${blob.digest}`, blob.bytes);
    this.#manifests.set(`${path}:${tag}`, manifest.bytes).set(`${path}:sha256:${manifest.digest}`, manifest.bytes);
    if (password !== undefined) this.#passwords.set(path, password);
    return `${this.host}/${path}:${tag}`;
  }

  digestOf(path: string, tag: string): string {
    return `sha256:${createHash("sha256")
      .update(this.#manifests.get(`${path}:${tag}`) ?? "")
      .digest("hex")}`;
  }

  remove(path: string, tag: string): void {
    this.#manifests.delete(`${path}:${tag}`);
    this.#passwords.delete(path);
  }

  /** Who asks for this path waits until `gate` resolves. */
  hold(path: string, gate: Promise<void>): void {
    this.#gates.set(path, gate);
  }

  get #challenge(): Record<string, string> {
    return { "www-authenticate": `Basic realm="${this.host}"` };
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const match = /^\/v2\/(.+)\/(manifests|blobs)\/([^/?]+)/.exec(request.url ?? "");
    if (match === null) {
      if (request.url?.startsWith("/v2/") !== true) response.writeHead(404).end();
      // Docker asks here whether passwords are wanted, and then pulls nothing without one.
      else if (this.#passwords.size > 0 && request.headers.authorization === undefined)
        response.writeHead(401, this.#challenge).end();
      else response.writeHead(200).end();
      return;
    }
    const [, path = "", kind = "", reference = ""] = match;
    if (!this.#mayRead(path, request.headers.authorization)) {
      response.writeHead(401, this.#challenge).end();
      return;
    }
    if (kind === "blobs")
      this.#send(request, response, reference, "application/octet-stream", this.#blobs.get(reference));
    else void this.#sendManifest(request, response, path, reference);
  }

  #mayRead(path: string, authorization = ""): boolean {
    const password = this.#passwords.get(path);
    return password === undefined || authorization === `Basic ${Buffer.from(`user:${password}`).toString("base64")}`;
  }

  async #sendManifest(request: IncomingMessage, response: ServerResponse, path: string, tag: string): Promise<void> {
    const body = this.#manifests.get(`${path}:${tag}`);
    this.#pulls++;
    this.pullsMax = Math.max(this.pullsMax, this.#pulls);
    await this.#gates.get(path);
    this.#pulls--;
    const digest = body === undefined ? "" : `sha256:${createHash("sha256").update(body).digest("hex")}`;
    this.#send(request, response, digest, MANIFEST_TYPE, body);
  }

  #send(request: IncomingMessage, response: ServerResponse, digest: string, type: string, body?: Buffer): void {
    if (body === undefined) {
      response.writeHead(404, { "content-type": "application/json" });
      response.end(JSON.stringify({ errors: [{ code: "MANIFEST_UNKNOWN", message: "manifest unknown" }] }));
      return;
    }
    response.writeHead(200, {
      "content-type": type,
      "content-length": body.length,
      "docker-content-digest": digest,
    });
    response.end(request.method === "HEAD" ? undefined : body);
  }
}
