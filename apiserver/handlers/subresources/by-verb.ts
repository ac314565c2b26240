import { StatusError } from "../../../shared/errors/status-error.ts";
import type { Handler } from "../handler.ts";

/** A subresource's handlers, one per verb; any other verb is a 405. */
export function byVerb(handlers: Readonly<Partial<Record<string, Handler>>>): Handler {
  return (context, target) => {
    const handler = Object.hasOwn(handlers, context.info.verb) ? handlers[context.info.verb] : undefined;
    if (handler === undefined) {
      throw new StatusError("MethodNotAllowed", "the server does not allow this method on the requested resource", {
        details: {},
      });
    }
    return handler(context, target);
  };
}
