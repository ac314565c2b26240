import type { KubeObject } from "../../shared/resources/resource.ts";
import { readBody } from "../http/body.ts";
import type { RequestContext } from "../http/request-context.ts";
import { decodeBody } from "../schema/decode.ts";
import type { FieldValidation } from "../schema/field-validation.ts";

/** Kind that a body must be of. */
export interface ExpectedKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** The object of a request's body, of exactly that kind; what it complains about becomes warnings. */
export async function decodeRequest<T = KubeObject>(
  context: RequestContext,
  expected: ExpectedKind,
  fieldValidation: FieldValidation,
): Promise<T> {
  const bytes = await readBody(context.request);
  const contentType = context.request.headers["content-type"];
  const { group, version, kind } = expected;
  const decoded = decodeBody({ bytes, contentType, expected: { group, version, kind }, fieldValidation });
  context.warnings.push(...decoded.warnings);
  return decoded.object as T;
}
