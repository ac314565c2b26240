import type { DeleteOptions } from "../../shared/api/generated/meta/v1.ts";
import { badRequest, type FieldError, invalid } from "../../shared/errors/status-error.ts";
import { readBody } from "../http/body.ts";
import type { RequestContext } from "../http/request-context.ts";
import { decodeBody } from "../schema/decode.ts";

const DELETE_OPTIONS = { group: "meta.k8s.io", version: "v1", kind: "DeleteOptions" };
const POLICIES = ["Background", "Foreground", "Orphan"];

/** Options of a DELETE: its body when it has one, otherwise its query. 400 or 422 when they make no sense. */
export async function readDeleteOptions(context: RequestContext): Promise<DeleteOptions> {
  const bytes = await readBody(context.request);
  const options = bytes.length > 0 ? fromBody(context, bytes) : fromQuery(context.query);
  const errors = optionErrors(options);
  if (errors.length > 0) throw invalid(DELETE_OPTIONS, "", errors);
  return options;
}

function fromBody(context: RequestContext, bytes: Buffer): DeleteOptions {
  const contentType = context.request.headers["content-type"];
  const expected = { group: "", version: "v1", kind: "DeleteOptions" };
  return decodeBody({ bytes, contentType, expected, fieldValidation: "Ignore" }).object as DeleteOptions;
}

function fromQuery(query: URLSearchParams): DeleteOptions {
  const grace = query.get("gracePeriodSeconds");
  if (grace !== null && !/^-?[0-9]{1,18}$/u.test(grace)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(grace)}: invalid syntax`);
  }
  const orphan = query.get("orphanDependents");
  const policy = query.get("propagationPolicy");
  const dryRun = query.getAll("dryRun").filter((value) => value !== "");
  return {
    ...(grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(orphan === null ? {} : { orphanDependents: orphan !== "false" && orphan !== "0" }),
    ...(policy === null || policy === "" ? {} : { propagationPolicy: policy }),
    ...(dryRun.length === 0 ? {} : { dryRun }),
  };
}

function optionErrors(options: DeleteOptions): FieldError[] {
  const errors: FieldError[] = [];
  const { propagationPolicy, orphanDependents, dryRun = [] } = options;
  if (orphanDependents !== undefined && propagationPolicy !== undefined) {
    const detail = `Invalid value: ${JSON.stringify(propagationPolicy)}: orphanDependents and deletionPropagation cannot be both set`;
    errors.push({ reason: "FieldValueInvalid", field: "propagationPolicy", detail });
  }
  if (propagationPolicy !== undefined && !POLICIES.includes(propagationPolicy)) {
    const known = [...POLICIES, "nil"].map((one) => JSON.stringify(one)).join(", ");
    const detail = `Unsupported value: ${JSON.stringify(propagationPolicy)}: supported values: ${known}`;
    errors.push({ reason: "FieldValueNotSupported", field: "propagationPolicy", detail });
  }
  for (const value of dryRun.filter((one) => one !== "All")) {
    const detail = `Unsupported value: ${JSON.stringify(value)}: supported values: "All"`;
    errors.push({ reason: "FieldValueNotSupported", field: "dryRun", detail });
  }
  return errors;
}
