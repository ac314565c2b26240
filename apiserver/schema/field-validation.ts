/** `fieldValidation`: what to do about fields that a kind does not have, and fields that are given twice. */
export type FieldValidation = "Ignore" | "Warn" | "Strict";

/** What stands in front of the list of problems; clients look for it. */
export const STRICT_PREFIX = "strict decoding error: ";

export const unknownField = (path: string): string => `unknown field ${JSON.stringify(path)}`;
export const duplicateField = (path: string): string => `duplicate field ${JSON.stringify(path)}`;
