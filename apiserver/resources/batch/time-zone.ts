/** Time zones of CronJobs, by their IANA names (`validateTimeZone`). */
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { invalidValue } from "../../validation/field-errors.ts";

const PART = /^[A-Za-z.\-_0-9+]{1,14}$/u;

/** Upstream finds zones as files, whose names have capitals; the runtime finds them in any case, and offsets too. */
export function isTimeZone(name: string): boolean {
  if (name === "" || name === "UTC" || name === "Local") return true;
  if (!/^[A-Z]/u.test(name)) return false;
  try {
    const { timeZone } = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions();
    return timeZone === name || timeZone.toLowerCase() !== name.toLowerCase();
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

export function timeZoneErrors(name: string | undefined, field: string): FieldError[] {
  if (name === undefined) return [];
  if (name === "") return [invalidValue(field, name, "timeZone must be nil or non-empty string")];
  const unknown = invalidValue(field, name, `unknown time zone ${name}`);
  const isWrong = (part: string): boolean => part === "." || part === ".." || part.startsWith("-") || !PART.test(part);
  if (name.split("/").some(isWrong)) return [unknown];
  const why = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
  return [
    ...(name.toLowerCase() === "local" ? [invalidValue(field, name, why)] : []),
    ...(isTimeZone(name) ? [] : [unknown]),
  ];
}
