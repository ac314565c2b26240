/** Paths inside volumes and profiles: relative, and never upwards. */
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { invalidValue } from "../../validation/field-errors.ts";

/** `..` as one of the path's parts. */
export function hasBackstep(path: string): boolean {
  return path.includes("..") && path.split("/").includes("..");
}

export function addBackstepErrors(errors: FieldError[], field: string, path: string): void {
  if (hasBackstep(path)) errors.push(invalidValue(field, path, "must not contain '..'"));
}

export function addDescendingPathErrors(errors: FieldError[], field: string, path: string): void {
  if (path.startsWith("/")) errors.push(invalidValue(field, path, "must be a relative path"));
  addBackstepErrors(errors, field, path);
}

/** Names that begin with `..` are the kubelet's own: it switches volumes over with them. */
export function addLocalPathErrors(errors: FieldError[], field: string, path: string): void {
  addDescendingPathErrors(errors, field, path);
  if (path.startsWith("..") && !path.startsWith("../"))
    errors.push(invalidValue(field, path, "must not start with '..'"));
}
