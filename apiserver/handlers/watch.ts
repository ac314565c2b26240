/** WATCH over HTTP or WebSocket (upstream: `endpoints/handlers/watch.go`, and Watch of `storage/cacher/cacher.go`). */
import { badRequest } from "../../shared/errors/status-error.ts";
import { negotiateStream, PROTOBUF_TYPE } from "../http/negotiate.ts";
import { toStatusError } from "../http/respond.ts";
import { hasProtobuf } from "../schema/protobuf-writer.ts";
import type { ResourceCache, WatchStart } from "../watch-cache/resource-cache.ts";
import type { ApiServices, Handler } from "./handler.ts";
import { includeObjectOf } from "./read/include-object.ts";
import { type ListOptions, parseListOptions, parseRevision } from "./read/list-options.ts";
import { onlyForLists } from "./read/representation.ts";
import { WatchEncoder } from "./read/watch-encoder.ts";
import { openHttpOutput, openWebSocketOutput } from "./read/watch-output.ts";
import { WatchSession } from "./read/watch-session.ts";

/** Upstream's `--min-request-timeout`. */
const MIN_REQUEST_TIMEOUT_MS = 1_800_000;

export interface WatchSettings {
  /** Watches without `timeoutSeconds` end after one to two times this. */
  readonly minRequestTimeoutMs?: number | undefined;
}

export interface WatchMetrics {
  /** `apiserver_watch_events_total`. */
  inc(labels: Record<string, string>, value?: number): void;
}

const noMetrics: WatchMetrics = { inc: () => undefined };

export function createWatchHandler(
  { caches, clock }: Pick<ApiServices, "caches" | "clock">,
  metrics: WatchMetrics = noMetrics,
  { minRequestTimeoutMs = MIN_REQUEST_TIMEOUT_MS }: WatchSettings = {},
): Handler {
  return async (context, target) => {
    const { strategy, namespace, name } = target;
    const form = negotiateStream(context.request.headers.accept, { hasProtobuf: hasProtobuf(strategy.resource) });
    if (form.as === "PartialObjectMetadataList") throw onlyForLists(strategy.resource);
    const includeObject = includeObjectOf(context.query);
    const options = parseListOptions(context.query, true);
    const cache = caches.cacheOf(strategy.resource);
    const named = name === "" ? [] : [{ field: "metadata.name", operator: "=" as const, value: name }];
    const request = { namespace, labels: options.labels, fields: [...options.fields, ...named] };
    cache.selection(request);
    checkName(name, options);
    const since = revisionOf(options);
    // While nothing is loaded, clients are told to come again before anything is answered.
    await cache.waitFor(0);
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
      timeoutMs: timeoutOf(options, clock.random(), minRequestTimeoutMs),
      allowsBookmarks: options.allowsBookmarks,
      marksInitialEnd: options.sendInitialEvents === true && options.allowsBookmarks,
      countEvents: (count) => metrics.inc({ group, version, kind }, count),
    });
    // What goes wrong from here on is an event: a watch that has begun ends with one.
    try {
      await waitUntilNewEnough(cache, since, options);
      session.run(cache.watch(request, startOf(since, options), session), context.signal);
    } catch (error) {
      session.fail(toStatusError(error));
    }
    await session.done;
  };
}

/** The name in the path is a field selector too; another selector beside it must say the same. */
function checkName(name: string, { fields }: ListOptions): void {
  if (name === "" || fields.length === 0) return;
  const selected = fields.find(({ field, operator }) => field === "metadata.name" && operator === "=");
  if (selected?.value !== name) throw badRequest("fieldSelector metadata.name doesn't match requested name");
}

/** Nothing for a watch that starts anywhere. */
function revisionOf({ resourceVersion }: ListOptions): number | undefined {
  return resourceVersion === "" || resourceVersion === "0" ? undefined : parseRevision(resourceVersion);
}

/** What is present first must be as new as asked; who asks for nothing gets the newest. */
async function waitUntilNewEnough(
  cache: ResourceCache,
  since: number | undefined,
  { resourceVersion, sendInitialEvents }: ListOptions,
): Promise<void> {
  if (resourceVersion === "") await cache.latest();
  else if (sendInitialEvents === true && since !== undefined) await cache.waitFor(since);
}

function startOf(since: number | undefined, { sendInitialEvents }: ListOptions): WatchStart {
  if (sendInitialEvents === true) return { from: "state" };
  return since === undefined ? { from: "now" } : { from: "revision", revision: since };
}

function timeoutOf({ timeoutSeconds = 0 }: ListOptions, random: number, minTimeoutMs: number): number {
  if (timeoutSeconds !== 0) return Math.max(0, timeoutSeconds * 1000);
  return minTimeoutMs * (1 + random);
}
