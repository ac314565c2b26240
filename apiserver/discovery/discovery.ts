/**
 * Answers `/api…` and `/apis…`. All documents are made once from the strategies: each is bytes with an ETag.
 * Upstream: `apiserver/pkg/endpoints/discovery` and `…/discovery/aggregated`.
 */
import { createHash } from "node:crypto";
import { acceptClauses } from "../http/accept.ts";
import { notAcceptable, PROTOBUF_TYPE } from "../http/negotiate.ts";
import type { RequestContext } from "../http/request-context.ts";
import { beginAnswer, sendBytes, sendObject } from "../http/respond.ts";
import type { AnyStrategy } from "../registry/strategy.ts";
import { aggregatedDocument, type AggregatedVersion } from "./aggregated.ts";
import { type Group, groupsOf } from "./group-versions.ts";
import {
  apiVersionsDocument,
  groupDocument,
  groupListDocument,
  resourceListDocument,
  type StoredKinds,
  storedKindsOf,
} from "./legacy.ts";

interface Document {
  readonly object: object;
  readonly bytes: Buffer;
  /** Upper-case hexadecimal SHA-512 in quotes. */
  readonly etag: string;
}

function documentOf(object: object): Document {
  const bytes = Buffer.from(JSON.stringify(object));
  return { object, bytes, etag: `"${createHash("sha512").update(bytes).digest("hex").toUpperCase()}"` };
}

interface AggregatedPair {
  readonly v2: Document;
  readonly v2beta1: Document;
}

export class Discovery {
  /** By path, without a slash at the end. */
  readonly #legacy = new Map<string, Document>();
  readonly #aggregated = new Map<string, AggregatedPair>();

  constructor(strategies: readonly AnyStrategy[], serverAddress: string) {
    const groups = groupsOf(strategies);
    const core = groups.filter((group) => group.name === "");
    const named = groups.filter((group) => group.name !== "");
    this.#legacy.set("/api", documentOf(apiVersionsDocument(serverAddress)));
    this.#legacy.set("/apis", documentOf(groupListDocument(named)));
    const storedKinds = storedKindsOf(strategies);
    for (const group of groups) this.#addGroup(group, storedKinds);
    for (const [path, members] of [
      ["/api", core],
      ["/apis", named],
    ] as const) {
      this.#aggregated.set(path, {
        v2: documentOf(aggregatedDocument(members, "v2")),
        v2beta1: documentOf(aggregatedDocument(members, "v2beta1")),
      });
    }
  }

  /** Paths for `/`. */
  paths(): string[] {
    return [...this.#legacy.keys()];
  }

  /** Answers a discovery path; false when it is none. */
  serve(context: RequestContext): boolean {
    const path = context.info.path.replace(/\/+$/u, "");
    const legacy = this.#legacy.get(path);
    if (legacy === undefined) return false;
    const aggregated = this.#aggregated.get(path);
    const version = aggregated === undefined ? undefined : wantedVersion(context);
    if (aggregated !== undefined) context.response.setHeader("Vary", "Accept");
    if (aggregated === undefined || version === undefined) sendObject(context, 200, legacy.object, legacy.bytes);
    else sendAggregated(context, aggregated[version], version);
    return true;
  }

  #addGroup(group: Group, storedKinds: StoredKinds): void {
    const root = group.name === "" ? "/api" : `/apis/${group.name}`;
    if (group.name !== "") this.#legacy.set(root, documentOf(groupDocument(group)));
    for (const version of group.versions) {
      this.#legacy.set(`${root}/${version.version}`, documentOf(resourceListDocument(version, storedKinds)));
    }
  }
}

/** The aggregated version that the client wants most, or nothing when it prefers the plain form. */
function wantedVersion(context: RequestContext): AggregatedVersion | undefined {
  const { accept } = context.request.headers;
  if (accept === undefined || accept === "") return undefined;
  for (const { type, parameters } of acceptClauses(accept)) {
    const isJson = type === "application/json" || type === "application/*" || type === "*/*";
    if (parameters["as"] === undefined) {
      if (isJson || type === "application/yaml" || type === PROTOBUF_TYPE) return undefined;
      continue;
    }
    const isWanted = parameters["as"] === "APIGroupDiscoveryList" && parameters["g"] === "apidiscovery.k8s.io";
    // A variant with a profile (peers' resources merged in) is not offered.
    if (!isJson || !isWanted || parameters["profile"] !== undefined) continue;
    const version = parameters["v"];
    if (version === "v2" || version === "v2beta1") return version;
  }
  // Upstream has the aggregated form as protobuf too; no client asks for it without listing JSON.
  if (!accept.includes("json") && !accept.includes("*/*")) throw notAcceptable();
  return undefined;
}

function sendAggregated(context: RequestContext, document: Document, version: AggregatedVersion): void {
  const { response } = context;
  response.setHeader("ETag", document.etag);
  response.setHeader("Cache-Control", "public");
  if (context.request.headers["if-none-match"] === document.etag) {
    if (beginAnswer(context)) response.writeHead(304).end();
    return;
  }
  const type = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
  sendBytes(context, 200, type, document.bytes);
}
