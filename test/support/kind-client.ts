/** The requests of one kind to a test's apiserver, and the objects to send. */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import type { AnyStrategy, Verb } from "../../apiserver/registry/strategy.ts";
import { apiVersionOf, type KubeObject } from "../../shared/resources/resource.ts";
import { type ApiAnswer, type ApiRequest, ask } from "./api-request.ts";
import type { TestApiServer } from "./api-server.ts";
import { exampleName, exampleObject } from "./example-objects.ts";

/** That of the examples. */
export const NAMESPACE = "default";

/** Content types of patches. */
export const PATCH_TYPES = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
} as const;
type PatchType = keyof typeof PATCH_TYPES;

interface WatchedChange {
  readonly type: string;
  readonly object: KubeObject;
}

/** What an answer holds when all is well: tells the body otherwise. */
export function outcome({ code, text }: ApiAnswer, ok: number): [number, string] {
  return [code, code === ok ? "" : text];
}

export function objectOf(answer: ApiAnswer): KubeObject {
  return answer.json<KubeObject>();
}

/** Connections are kept: a walk makes thousands of requests. */
export const walkAgent = new Agent({ keepAlive: true, maxSockets: 8 });

export class KindClient {
  readonly api: TestApiServer;
  readonly strategy: AnyStrategy;
  /** `apps/v1` */
  readonly apiVersion: string;
  /** Paths of the collection, in its namespace and in all. */
  readonly collection: string;
  readonly everywhere: string;
  readonly isNamespaced: boolean;

  constructor(api: TestApiServer, strategy: AnyStrategy) {
    const { resource } = strategy;
    this.api = api;
    this.strategy = strategy;
    this.apiVersion = apiVersionOf(resource);
    this.isNamespaced = resource.scope === "Namespaced";
    const root = `${resource.group === "" ? "/api" : "/apis"}/${this.apiVersion}`;
    this.everywhere = `${root}/${resource.plural}`;
    this.collection = this.isNamespaced ? `${root}/namespaces/${NAMESPACE}/${resource.plural}` : this.everywhere;
  }

  get kind(): string {
    return this.strategy.resource.kind;
  }

  offers(verb: Verb): boolean {
    return this.strategy.use(({ verbs }) => verbs.includes(verb));
  }

  name(index: number): string {
    return exampleName(this.strategy, index);
  }

  path(index: number, subresource = ""): string {
    return `${this.collection}/${this.name(index)}${subresource === "" ? "" : `/${subresource}`}`;
  }

  /** A body as a client sends it, with kind and version. */
  body(index: number, metadata: Partial<KubeObject["metadata"]> = {}): KubeObject {
    return { apiVersion: this.apiVersion, kind: this.kind, ...exampleObject(this.strategy, index, metadata) };
  }

  send(path: string, request: ApiRequest = {}): Promise<ApiAnswer> {
    return ask(this.api, path, { agent: walkAgent, ...request });
  }

  create(body: unknown, query = ""): Promise<ApiAnswer> {
    return this.send(`${this.collection}${query}`, { method: "POST", body });
  }

  patch(path: string, type: PatchType, body: unknown): Promise<ApiAnswer> {
    const headers = { "content-type": PATCH_TYPES[type] };
    return this.send(`${path}${type === "apply" ? "?fieldManager=walk&force=true" : ""}`, {
      method: "PATCH",
      headers,
      body,
    });
  }

  /** Each type of patch that puts an annotation on the object at `path`. */
  annotationPatches(path: string, name: string): [PatchType, () => Promise<ApiAnswer>][] {
    const metadata = (key: string): object => ({ metadata: { annotations: { [key]: "yes" } } });
    const whole = { apiVersion: this.apiVersion, kind: this.kind };
    return [
      ["merge", () => this.patch(path, "merge", metadata("merge"))],
      ["strategic", () => this.patch(path, "strategic", metadata("strategic"))],
      ["json", () => this.patch(path, "json", [{ op: "add", path: "/metadata/annotations/json", value: "yes" }])],
      ["apply", () => this.patch(path, "apply", { ...whole, metadata: { name, annotations: { apply: "yes" } } })],
    ];
  }

  /** Deletes it whatever holds it: no controller is there to let it go. */
  async remove(index: number): Promise<ApiAnswer> {
    const body = { gracePeriodSeconds: 0, propagationPolicy: "Background" };
    const answer = await this.send(this.path(index), { method: "DELETE", body });
    await this.letGo(index);
    return answer;
  }

  /** What controllers would do: takes the finalizers away. */
  async letGo(index: number): Promise<void> {
    await this.patch(this.path(index), "merge", { metadata: { finalizers: null } });
    if (this.strategy.resource.plural !== "namespaces") return;
    const namespace = await this.send(this.path(index));
    if (namespace.code !== 200) return;
    await this.send(this.path(index, "finalize"), {
      method: "PUT",
      body: { ...objectOf(namespace), spec: { finalizers: [] } },
    });
  }

  /** The first `count` events from now on of the objects with that label; resolves when the watch is open. */
  async watch(label: string, count: number): Promise<{ seen: Promise<string[]> }> {
    const { metadata } = (await this.send(this.collection)).json<{ metadata: { resourceVersion: string } }>();
    const query = `watch=1&resourceVersion=${metadata.resourceVersion}&labelSelector=${encodeURIComponent(label)}`;
    const { certificate: cert, key } = this.api.admin;
    const ca = this.api.authority.certificate;
    const request = httpsRequest(`${this.api.url}${this.everywhere}?${query}`, { agent: false, ca, cert, key }).end();
    const [response] = (await once(request, "response")) as [IncomingMessage];
    const read = async (): Promise<string[]> => {
      const events: string[] = [];
      let text = "";
      for await (const chunk of response.setEncoding("utf8") as AsyncIterable<string>) {
        text += chunk;
        const lines = text.split("\n");
        text = lines.pop() ?? "";
        for (const line of lines) {
          const { type, object } = JSON.parse(line) as WatchedChange;
          events.push(`${type} ${object.metadata.name}`);
        }
        if (events.length >= count) break;
      }
      request.destroy();
      return events.slice(0, count);
    };
    return { seen: read() };
  }
}
