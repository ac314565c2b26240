/** Query parameters of the verbs (`meta/v1` options). */
export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly type: "string" | "boolean" | "integer";
  readonly description: string;
}

function query(name: string, type: Parameter["type"], description: string): Parameter {
  return { name, in: "query", type, description };
}

export const PRETTY = query("pretty", "string", "If 'true', the answer is printed with line breaks.");
const DRY_RUN = query("dryRun", "string", "'All': everything happens but the write itself.");
const FIELD_MANAGER = query("fieldManager", "string", "Name of whoever makes the changes.");
const FIELD_VALIDATION = query(
  "fieldValidation",
  "string",
  "What to do about unknown and duplicate fields: 'Ignore' them, 'Warn' (the default) or refuse the request ('Strict').",
);
const SELECTORS: readonly Parameter[] = [
  query("labelSelector", "string", "Only objects with labels that match."),
  query("fieldSelector", "string", "Only objects with fields that match."),
  query("resourceVersion", "string", "How old the answer may be."),
  query("resourceVersionMatch", "string", "How resourceVersion is meant: 'Exact' or 'NotOlderThan'."),
  query("limit", "integer", "At most this many objects; the answer has a token for the rest."),
  query("continue", "string", "Token of an earlier answer: go on behind it."),
  query("sendInitialEvents", "boolean", "A watch begins with the objects that exist, and a bookmark after them."),
  query("timeoutSeconds", "integer", "How long a list or watch may take."),
];

export const LIST_PARAMETERS: readonly Parameter[] = [
  ...SELECTORS,
  query("watch", "boolean", "Stream changes instead of answering a list."),
  query("allowWatchBookmarks", "boolean", "The watch may send events of type BOOKMARK."),
];

export const CREATE_PARAMETERS: readonly Parameter[] = [DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION];

export const PATCH_PARAMETERS: readonly Parameter[] = [
  ...CREATE_PARAMETERS,
  query("force", "boolean", "Server-side apply takes fields away from other managers."),
];

export const DELETE_PARAMETERS: readonly Parameter[] = [
  DRY_RUN,
  query("gracePeriodSeconds", "integer", "Seconds until the object goes; 0 is at once."),
  query("orphanDependents", "boolean", "Old spelling of propagationPolicy."),
  query("propagationPolicy", "string", "What happens to dependents: 'Orphan', 'Background' or 'Foreground'."),
];

export const DELETE_COLLECTION_PARAMETERS: readonly Parameter[] = [...DELETE_PARAMETERS, ...SELECTORS];
