/**
 * Query parameters of LIST and WATCH (upstream: ListOptions of `apimachinery/pkg/apis/meta/internalversion`, and its
 * `validation/validation.go`).
 */
import { badRequest, type FieldError, invalid } from "../../../shared/errors/status-error.ts";
import { type FieldRequirement, parseFieldSelector } from "../../../shared/machinery/field-selector.ts";
import { parseSelector, type Selector } from "../../../shared/machinery/label-selector.ts";
import { isTrue } from "../../http/request-info.ts";

export interface ListOptions {
  readonly labels: Selector;
  readonly fields: readonly FieldRequirement[];
  readonly isWatch: boolean;
  readonly allowsBookmarks: boolean;
  /** As it was sent: `""` is the most recent, `"0"` anything. */
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly timeoutSeconds: number | undefined;
  /** 0: no limit. */
  readonly limit: number;
  readonly continueToken: string;
  readonly sendInitialEvents: boolean | undefined;
}

const EXACT = "Exact";
const NOT_OLDER_THAN = "NotOlderThan";

/** Throws 400 for what cannot be read and 422 for what does not go together. `isWatch` also comes from the URL. */
export function parseListOptions(query: URLSearchParams, isWatch: boolean): ListOptions {
  const options = withDefaults({
    labels: readable(() => parseSelector(query.get("labelSelector") ?? "")),
    fields: readable(() => parseFieldSelector(query.get("fieldSelector") ?? "")),
    isWatch,
    allowsBookmarks: flag(query, "allowWatchBookmarks") ?? false,
    resourceVersion: query.get("resourceVersion") ?? "",
    resourceVersionMatch: query.get("resourceVersionMatch") ?? "",
    timeoutSeconds: integer(query, "timeoutSeconds"),
    limit: integer(query, "limit") ?? 0,
    continueToken: query.get("continue") ?? "",
    sendInitialEvents: flag(query, "sendInitialEvents"),
  });
  const errors = isWatch ? watchErrors(options) : listErrors(options);
  if (errors.length > 0) throw invalid({ group: "meta.k8s.io", kind: "ListOptions" }, "", errors);
  return options;
}

/** A watch from nowhere gets the present objects first, as if it had asked for them (upstream: `defaults.go`). */
function withDefaults(options: ListOptions): ListOptions {
  const isAny = options.resourceVersion === "" || options.resourceVersion === "0";
  const isSaid = options.sendInitialEvents !== undefined || options.resourceVersionMatch !== "";
  if (!options.isWatch || !isAny || isSaid) return options;
  return { ...options, sendInitialEvents: true, resourceVersionMatch: NOT_OLDER_THAN };
}

/** The same for a LIST, whose error says more. */
export function parseListRevision(text: string): number {
  try {
    return parseRevision(text);
  } catch (error) {
    throw badRequest(`invalid resource version: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Revision of a parameter that is neither empty nor garbage; throws 400. */
export function parseRevision(text: string): number {
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  throw badRequest(
    `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
  );
}

/** Booleans of a query: present and neither `false` nor `0`. */
export function flag(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name);
  return text === null ? undefined : isTrue(text);
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  if (/^[+-]?[0-9]{1,15}$/.test(text)) return Number(text);
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function readable<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw badRequest(error instanceof Error ? error.message : String(error));
  }
}

function forbiddenField(field: string, why: string): FieldError {
  return { reason: "FieldValueForbidden", field, detail: `Forbidden: ${why}` };
}

function unsupportedMatch(value: string, supported: readonly string[]): FieldError {
  const list = supported.map((text) => JSON.stringify(text)).join(", ");
  const detail = `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`;
  return { reason: "FieldValueNotSupported", field: "resourceVersionMatch", detail };
}

function listErrors(options: ListOptions): FieldError[] {
  const { resourceVersionMatch: match, resourceVersion } = options;
  const errors: FieldError[] = [];
  if (match !== "") {
    if (resourceVersion === "") {
      const why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
      errors.push(forbiddenField("resourceVersionMatch", why));
    }
    if (options.continueToken !== "") errors.push(matchWithContinue());
    if (match !== EXACT && match !== NOT_OLDER_THAN) errors.push(unsupportedMatch(match, [EXACT, NOT_OLDER_THAN, ""]));
    if (match === EXACT && resourceVersion === "0") {
      const why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"';
      errors.push(forbiddenField("resourceVersionMatch", why));
    }
  }
  if (options.sendInitialEvents !== undefined) {
    errors.push(forbiddenField("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  }
  return errors;
}

function watchErrors(options: ListOptions): FieldError[] {
  const { resourceVersionMatch: match, sendInitialEvents } = options;
  const errors: FieldError[] = [];
  if (sendInitialEvents !== undefined && match !== NOT_OLDER_THAN) {
    const why = `sendInitialEvents requires setting resourceVersionMatch to ${NOT_OLDER_THAN}`;
    errors.push(forbiddenField("resourceVersionMatch", why));
  }
  if (match === "") return errors;
  if (sendInitialEvents === undefined) {
    const why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
    errors.push(forbiddenField("resourceVersionMatch", why));
  }
  if (match !== NOT_OLDER_THAN) errors.push(unsupportedMatch(match, [NOT_OLDER_THAN]));
  if (options.continueToken !== "") errors.push(matchWithContinue());
  return errors;
}

function matchWithContinue(): FieldError {
  return forbiddenField("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
}
