import { negotiateAnswer } from "../http/negotiate.ts";
import type { RequestContext } from "../http/request-context.ts";
import { isPretty, sendBytes, sendObject } from "../http/respond.ts";
import type { StoredObject } from "../registry/registry.ts";
import type { KubeObject } from "../../shared/resources/resource.ts";

/** Answers what a write stored: its bytes as they are where the client takes JSON, and then nobody decodes them. */
export function sendStored(context: RequestContext, code: number, stored: StoredObject<KubeObject>): void {
  const { as, format } = negotiateAnswer(context.request.headers.accept);
  if (as === undefined && format === "json" && !isPretty(context)) {
    return sendBytes(context, code, "application/json", stored.json);
  }
  sendObject(context, code, stored.object, stored.json);
}
