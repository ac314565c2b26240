/** WATCH over HTTP or WebSocket (upstream: `endpoints/handlers/watch.go`, and Watch of `storage/cacher/cacher.go`). */
import { StatusError } from "../../shared/errors/status-error.ts";
import { negotiateStream, PROTOBUF_TYPE } from "../http/negotiate.ts";
import { hasProtobuf } from "../schema/protobuf-writer.ts";
import type { ResourceCache, WatchStart } from "../watch-cache/resource-cache.ts";
import type { ApiServices, Handler } from "./handler.ts";
import { includeObjectOf } from "./read/include-object.ts";
import { type ListOptions, parseListOptions, parseRevision } from "./read/list-options.ts";
import { onlyForLists } from "./read/representation.ts";
import { WatchEncoder } from "./read/watch-encoder.ts";
import { openHttpOutput, openWebSocketOutput } from "./read/watch-output.ts";
import { WatchSession } from "./read/watch-session.ts";

/** Watches without `timeoutSeconds` end after one to two times this (upstream's `--min-request-timeout`). */
const WATCH_TIMEOUT_MS_MIN = 1_800_000;

export interface WatchMetrics {
  /** `apiserver_watch_events_total`. */
  inc(labels: Record<string, string>, value?: number): void;
}

const noMetrics: WatchMetrics = { inc: () => undefined };

export function createWatchHandler(
  { caches, clock }: Pick<ApiServices, "caches" | "clock">,
  metrics: WatchMetrics = noMetrics,
): Handler {
  return async (context, target) => {
    const { strategy, namespace, name } = target;
    const form = negotiateStream(context.request.headers.accept, hasProtobuf(strategy.resource));
    if (form.as === "PartialObjectMetadataList") throw onlyForLists(strategy.resource);
    const includeObject = includeObjectOf(context.query);
    const options = parseListOptions(context.query, true);
    const cache = caches.cacheOf(strategy.resource);
    const named = name === "" ? [] : [{ field: "metadata.name", operator: "=" as const, value: name }];
    const request = { namespace, labels: options.labels, fields: [...options.fields, ...named] };
    cache.selection(request);
    const start = await startOf(cache, options);
    const type = form.format === "protobuf" ? `${PROTOBUF_TYPE};stream=watch` : "application/json";
    const output =
      context.upgrade === undefined
        ? openHttpOutput(context, type)
        : await openWebSocketOutput(context, form.format === "protobuf");
    if (output === undefined) return;
    const encoder = new WatchEncoder({
      strategy,
      form,
      includeObject,
      framing: output.framing,
      nowMs: () => clock.nowMs(),
    });
    const { group, version, kind } = strategy.resource;
    const session = new WatchSession({
      cache,
      output,
      encoder,
      clock,
      timeoutMs: timeoutOf(options, clock.random()),
      allowsBookmarks: options.allowsBookmarks,
      marksInitialEnd: options.sendInitialEvents === true && options.allowsBookmarks,
      countEvents: (count) => metrics.inc({ group, version, kind }, count),
    });
    try {
      session.run(cache.watch(request, start, session), context.signal);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      session.fail(error);
    }
    await session.done;
  };
}

async function startOf(cache: ResourceCache, options: ListOptions): Promise<WatchStart> {
  const { resourceVersion, sendInitialEvents } = options;
  const isAny = resourceVersion === "" || resourceVersion === "0";
  if (resourceVersion === "") await cache.latest();
  else await cache.waitFor(0);
  if (sendInitialEvents === true) {
    if (!isAny) await cache.waitFor(parseRevision(resourceVersion));
    return { from: "state" };
  }
  if (!isAny) return { from: "revision", revision: parseRevision(resourceVersion) };
  return { from: sendInitialEvents === false ? "now" : "state" };
}

function timeoutOf({ timeoutSeconds }: ListOptions, random: number): number {
  if (timeoutSeconds !== undefined && timeoutSeconds > 0) return timeoutSeconds * 1000;
  return WATCH_TIMEOUT_MS_MIN * (1 + random);
}
