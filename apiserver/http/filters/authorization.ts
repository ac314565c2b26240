import type { AuthorizationAttributes } from "../../authorization/authorizer.ts";
import { forbiddenError } from "../../authorization/forbidden.ts";
import { type FieldRequirement, parseFieldSelector } from "../../../shared/machinery/field-selector.ts";
import type { Filter } from "../filter.ts";
import type { RequestInfo } from "../request-context.ts";

const SELECTING_VERBS: ReadonlySet<string> = new Set(["list", "watch", "deletecollection"]);

/** One that cannot be read limits nothing; the handler answers 400 for it. */
function fieldSelectorOf({ verb }: RequestInfo, query: URLSearchParams): readonly FieldRequirement[] | undefined {
  const text = SELECTING_VERBS.has(verb) ? query.get("fieldSelector") : null;
  if (text === null || text === "") return undefined;
  try {
    return parseFieldSelector(text);
  } catch {
    return undefined;
  }
}

/** What a request has to be allowed to do. */
export function requestAttributes(info: RequestInfo, query: URLSearchParams): AuthorizationAttributes {
  if (!info.isResourceRequest) return { kind: "path", verb: info.verb, path: info.path };
  const { verb, group, version, resource, subresource, namespace, name } = info;
  const fieldSelector = fieldSelectorOf(info, query);
  return { kind: "resource", verb, group, version, resource, subresource, namespace, name, fieldSelector };
}

/** 403 unless the user may do what the request asks for. */
export const withAuthorization: Filter =
  (next, { authorizer }) =>
  (state) => {
    const attributes = requestAttributes(state.info, state.query);
    const decision = authorizer.authorize(state.user, attributes);
    if (!decision.isAllowed) throw forbiddenError(state.user, attributes, decision.reason);
    return next(state);
  };
