import type { RequestContext } from "../../http/request-context.ts";
import { decodeRequest, type ExpectedKind } from "../decode-request.ts";
import { readWriteOptions } from "../write-options.ts";

/** Body of a POST whose object is only asked, never stored: the reviews, TokenRequest, Eviction. */
export async function readReview<T extends object>(context: RequestContext, expected: ExpectedKind): Promise<T> {
  const { fieldValidation } = readWriteOptions(context, "CreateOptions");
  return decodeRequest<T>(context, expected, fieldValidation);
}
