/**
 * Variables that a container left in a file for those after it: pure. Upstream: `pkg/kubelet/util/env` (KEP-3721).
 * A line is `NAME='value'`; the value may go over several lines and ends at the next quote.
 */

/** Throws for a text that is not of this form. Of a name that comes twice, the last one counts. */
export function parseEnvFile(text: string): Map<string, string> {
  const variables = new Map<string, string>();
  let rest = text;
  while (rest !== "") {
    const blank = /^[ \t\r]*(?:#[^\n]*)?(?:\n|$)/.exec(rest);
    if (blank !== null) {
      rest = rest.slice(blank[0].length);
      continue;
    }
    const match = /^[ \t]*([^\s='"]+)='([^']*)'[ \t\r]*(?:#[^\n]*)?(?:\n|$)/.exec(rest);
    if (match === null) throw new Error("invalid line in environment file");
    const [all, name = "", value = ""] = match;
    variables.set(name, value);
    rest = rest.slice(all.length);
  }
  return variables;
}
