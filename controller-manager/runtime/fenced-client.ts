import type { ApiClient } from "../../shared/client/api-client.ts";

/** This process may not write: another one may lead already. */
export class NotLeadingError extends Error {
  override readonly name = "NotLeadingError";
}

/**
 * A client that refuses to write as soon as this process may have lost the lead: one that was suspended and wakes up
 * writes nothing from a plan of before.
 */
export function fencedClient(client: ApiClient, isLeading: () => boolean): ApiClient {
  const fenced =
    <Args extends unknown[], Answer>(call: (...args: Args) => Promise<Answer>) =>
    (...args: Args): Promise<Answer> =>
      isLeading() ? call(...args) : Promise.reject(new NotLeadingError("this process does not lead any more"));
  return {
    ...client,
    create: fenced(client.create) as ApiClient["create"],
    update: fenced(client.update) as ApiClient["update"],
    updateStatus: fenced(client.updateStatus) as ApiClient["updateStatus"],
    patch: fenced(client.patch) as ApiClient["patch"],
    delete: fenced(client.delete) as ApiClient["delete"],
    deleteCollection: fenced(client.deleteCollection),
    writeSubresource: fenced(client.writeSubresource) as ApiClient["writeSubresource"],
  };
}
