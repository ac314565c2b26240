import { badRequest } from "../../../shared/errors/status-error.ts";
import type { IncludeObject } from "../../tables/table.ts";

/** `?includeObject=` of Tables; throws 400 for anything unknown. */
export function includeObjectOf(query: URLSearchParams): IncludeObject {
  const text = query.get("includeObject") ?? "";
  switch (text) {
    case "":
    case "Metadata":
      return "Metadata";
    case "None":
    case "Object":
      return text;
    default:
      throw badRequest(`unrecognized includeObject value: ${JSON.stringify(text)}`);
  }
}
