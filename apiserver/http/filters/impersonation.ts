import { createImpersonate } from "../../authorization/impersonation/modes.ts";
import { wantedUser } from "../../authorization/impersonation/wanted-user.ts";
import type { Filter } from "../filter.ts";
import { requestAttributes } from "./authorization.ts";

/** Replaces the user by the one that the `Impersonate-*` headers name, when the sender may act as that one; 403 otherwise. */
export const withImpersonation: Filter = (next, { authorizer }) => {
  const impersonate = createImpersonate(authorizer);
  return (state) => {
    const wanted = wantedUser(state.request.rawHeaders);
    if (wanted !== undefined) state.user = impersonate(state.user, wanted, requestAttributes(state.info, state.query));
    return next(state);
  };
};
