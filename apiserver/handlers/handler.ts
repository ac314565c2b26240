/**
 * What every verb and subresource of the API is: a `Handler`. The dispatcher has found the target, authenticated and
 * authorized the caller before; a handler answers through `http/respond.ts` or rejects with `StatusError`.
 */
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import type { AdmissionPlugin } from "../admission/admission.ts";
import type { Authorizer } from "../authorization/authorizer.ts";
import type { RequestContext } from "../http/request-context.ts";
import type { Registry } from "../registry/registry.ts";
import type { AnyStrategy } from "../registry/strategy.ts";
import type { Storage } from "../storage/storage.ts";
import type { ObjectReader } from "../watch-cache/object-reader.ts";
import type { WatchCaches } from "../watch-cache/watch-caches.ts";

/** What the URL names. Empty strings stand for what it does not name. */
export interface ResourceTarget {
  readonly strategy: AnyStrategy;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
}

export type Handler = (context: RequestContext, target: ResourceTarget) => Promise<void>;

/** What handlers are made from: `createGetHandler(services): Handler`. Take only the members you use. */
export interface ApiServices {
  readonly storage: Storage;
  readonly caches: WatchCaches;
  /** Decoded cached objects; a moment old. */
  readonly reader: ObjectReader;
  /** Writes, and consistent reads of single objects. */
  readonly registry: Registry;
  readonly authorizer: Authorizer;
  readonly admission: readonly AdmissionPlugin[];
  readonly strategies: readonly AnyStrategy[];
  readonly clock: Clock;
  readonly logger: Logger;
}
