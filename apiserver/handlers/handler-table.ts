/** Which handler answers what: the table behind `dispatch.ts`. */
import type { ServiceAccountTokens } from "../authentication/service-account-tokens.ts";
import type { TokenAuthenticator } from "../authentication/token-authenticator.ts";
import type { TokenLifetimes } from "./subresources/token.ts";
import type { RbacAuthorizer } from "../authorization/rbac.ts";
import type { KubeletClient } from "../node-access/kubelet-client.ts";
import { createComponentStatusHandler } from "./component-statuses.ts";
import { createCreateHandler } from "./create.ts";
import { createDeleteHandler } from "./delete.ts";
import { createDeleteCollectionHandler } from "./delete-collection.ts";
import type { DispatchTable } from "./dispatch.ts";
import { createGetHandler } from "./get.ts";
import type { ApiServices, Handler } from "./handler.ts";
import { createListHandler } from "./list.ts";
import { createPatchHandler } from "./patch/patch.ts";
import { createReviewHandlers } from "./reviews/reviews.ts";
import { subresourceHandlers } from "./subresources/table.ts";
import { byVerb } from "./subresources/by-verb.ts";
import { createScaleHandler } from "./subresources/scale.ts";
import { createUpdateHandler } from "./update.ts";
import { createWatchHandler, type WatchMetrics, type WatchSettings } from "./watch.ts";

export interface HandlerDependencies extends ApiServices {
  readonly authorizer: RbacAuthorizer;
  readonly tokens: ServiceAccountTokens;
  readonly tokenLifetimes: TokenLifetimes;
  /** All that know tokens, for TokenReview. */
  readonly tokenAuthenticator: TokenAuthenticator;
  readonly kubelets: KubeletClient | undefined;
  readonly watchMetrics: WatchMetrics;
  readonly watchSettings: WatchSettings;
}

/** `<plural>.<group>` to `<group>/<plural>/`. */
function reviewKey(groupResource: string): string {
  const at = groupResource.indexOf(".");
  return `${groupResource.slice(at + 1)}/${groupResource.slice(0, at)}/`;
}

export function createHandlerTable(services: HandlerDependencies): Omit<DispatchTable, "strategies" | "paths"> {
  const get = createGetHandler(services);
  const reviews = Object.entries(createReviewHandlers(services)).map(([name, handler]): [string, Handler] => [
    reviewKey(name),
    handler,
  ]);
  const status = byVerb({
    get,
    update: createUpdateHandler(services, "status"),
    patch: createPatchHandler(services, "status"),
  });
  const part = byVerb({
    get,
    update: createUpdateHandler(services, "part"),
    patch: createPatchHandler(services, "part"),
  });
  return {
    verbs: {
      create: createCreateHandler(services),
      delete: createDeleteHandler(services),
      deletecollection: createDeleteCollectionHandler(services),
      get,
      list: createListHandler(services),
      patch: createPatchHandler(services, "object"),
      update: createUpdateHandler(services, "object"),
      watch: createWatchHandler(services, services.watchMetrics, services.watchSettings),
    },
    subresources: new Map([
      ...reviews,
      ["/componentstatuses/", createComponentStatusHandler(services)],
      ...subresourceHandlers(services),
    ]),
    anySubresource: new Map<string, Handler>([
      ["scale", createScaleHandler(services)],
      ["status", status],
      ["approval", status],
      ["ephemeralcontainers", part],
      ["resize", part],
    ]),
  };
}
