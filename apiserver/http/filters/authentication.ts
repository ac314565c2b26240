import { StatusError } from "../../../shared/errors/status-error.ts";
import type { Filter } from "../filter.ts";

/** 401 unless the request shows who it is from; anonymous is a user too, where the authenticator allows it. */
export const withAuthentication: Filter =
  (next, { authenticator }) =>
  async (state) => {
    const user = await authenticator.authenticate(state.request);
    if (user === undefined) throw new StatusError("Unauthorized", "Unauthorized");
    state.user = user;
    // Whoever reads the request later must not find the credential.
    const { headers } = state.request;
    if (headers.authorization !== undefined) headers.authorization = undefined;
    await next(state);
  };
