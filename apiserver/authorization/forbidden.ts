/** The 403 of the authorization filter (apiserver `pkg/endpoints/handlers/responsewriters/errors.go`). */
import { forbidden, StatusError } from "../../shared/errors/status-error.ts";
import type { UserInfo } from "../authentication/user.ts";
import type { AuthorizationAttributes } from "./authorizer.ts";

function describe(user: UserInfo, attributes: AuthorizationAttributes): string {
  const subject = `User ${JSON.stringify(user.name)} cannot ${attributes.verb}`;
  if (attributes.kind === "path") return `${subject} path ${JSON.stringify(attributes.path)}`;
  const { resource, subresource, group, namespace } = attributes;
  const full = subresource === "" ? resource : `${resource}/${subresource}`;
  const where = namespace === "" ? "at the cluster scope" : `in the namespace ${JSON.stringify(namespace)}`;
  return `${subject} resource ${JSON.stringify(full)} in API group ${JSON.stringify(group)} ${where}`;
}

/** `reason` is that of the authorizer's decision. */
export function forbiddenError(user: UserInfo, attributes: AuthorizationAttributes, reason: string): StatusError {
  const text = describe(user, attributes);
  const why = reason === "" ? text : `${text}: ${reason}`;
  if (attributes.kind === "path") return new StatusError("Forbidden", `forbidden: ${why}`, { details: {} });
  return forbidden({ group: attributes.group, plural: attributes.resource }, attributes.name, why);
}
