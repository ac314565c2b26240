/**
 * What every event must keep to, whichever group it comes from (`legacyValidateEvent`). Paths name the fields of
 * upstream's internal form.
 */
import type { Event } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { addInvalid, isGiven } from "../../validation/error-list.ts";
import { invalidValue } from "../../validation/field-errors.ts";

const WORD_BYTES_MAX = 128;
const MESSAGE_BYTES_MAX = 1024;
/** Bytes of one UTF-16 unit. */
const UTF8_BYTES_MAX = 3;

/** Events of the old form have no `eventTime`, and looser rules. */
export function storedEventErrors(event: Event): FieldError[] {
  const errors: FieldError[] = [];
  const wanted = event.involvedObject.namespace ?? "";
  const { namespace = "" } = event.metadata;
  const isNew = event.eventTime !== undefined;
  const isAboutNone = namespace === "default" || (isNew && namespace === "kube-system");
  if (wanted === "" ? !isAboutNone : !isNew && wanted !== namespace)
    errors.push(invalidValue("involvedObject.namespace", wanted, "does not match event.namespace"));
  if (isNew) addNewErrors(event, errors);
  return errors;
}

function addNewErrors(event: Event, errors: FieldError[]): void {
  const { reportingComponent = "", reportingInstance, action, reason } = event;
  isGiven(errors, "reportingController", reportingComponent);
  addInvalid(errors, "reportingController", reportingComponent, qualifiedNameProblems(reportingComponent));
  for (const [field, text] of Object.entries({ reportingInstance, action, reason })) {
    if (isGiven(errors, field, text)) addLengthErrors(field, text, WORD_BYTES_MAX, errors);
  }
  addLengthErrors("message", event.message ?? "", MESSAGE_BYTES_MAX, errors);
}

function addLengthErrors(field: string, text: string, limit: number, errors: FieldError[]): void {
  // No text is longer in bytes than three times its length: nearly all need no counting.
  if (text.length * UTF8_BYTES_MAX > limit && Buffer.byteLength(text) > limit)
    errors.push(invalidValue(field, "", `can have at most ${limit} characters`));
}
