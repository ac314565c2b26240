import type { AuthorizationAttributes } from "../../authorization/authorizer.ts";
import { forbiddenError } from "../../authorization/forbidden.ts";
import type { Filter } from "../filter.ts";
import type { RequestInfo } from "../request-context.ts";

function attributesOf(info: RequestInfo): AuthorizationAttributes {
  if (!info.isResourceRequest) return { kind: "path", verb: info.verb, path: info.path };
  const { verb, group, version, resource, subresource, namespace, name } = info;
  return { kind: "resource", verb, group, version, resource, subresource, namespace, name };
}

/** 403 unless the user may do what the request asks for. */
export const withAuthorization: Filter =
  (next, { authorizer }) =>
  (state) => {
    const attributes = attributesOf(state.info);
    const decision = authorizer.authorize(state.user, attributes);
    if (!decision.isAllowed) throw forbiddenError(state.user, attributes, decision.reason);
    return next(state);
  };
