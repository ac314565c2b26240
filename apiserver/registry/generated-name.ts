import { StatusError } from "../../shared/errors/status-error.ts";
import { groupResourceOf } from "../../shared/resources/resource.ts";

/** No vowels and no look-alikes, so that no words come out (apimachinery `util/rand`). */
const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const SUFFIX_LENGTH = 5;
/** 63, the longest label, less the suffix. */
const BASE_LENGTH_MAX = 58;
/** How many names are tried before the client hears about it. */
export const NAME_ATTEMPTS = 8;

/** `base` cut to 58 characters, and five random ones. `random` gives numbers in [0, 1). */
export function generatedName(base: string, random: () => number): string {
  let suffix = "";
  for (let index = 0; index < SUFFIX_LENGTH; index++) suffix += ALPHABET[Math.floor(random() * ALPHABET.length)] ?? "b";
  return base.slice(0, BASE_LENGTH_MAX) + suffix;
}

/** The error after the last attempt; the same request may well succeed. */
export function generatedNameConflict(resource: { group: string; plural: string }, name: string): StatusError {
  return new StatusError(
    "AlreadyExists",
    `${groupResourceOf(resource)} "${name}" already exists, the server was not able to generate a unique name for the object`,
    {
      details: { name, ...(resource.group === "" ? {} : { group: resource.group }), kind: resource.plural },
      retryAfterSeconds: 1,
    },
  );
}
