/** Field paths as error messages show them: `.spec.containers[name="a"].image` (structured-merge-diff `Path.String`). */

/** `elements` are those of a `FieldSet`. */
export function pathText(elements: readonly string[]): string {
  return elements.map(elementText).join("");
}

export function elementText(element: string): string {
  const rest = element.slice(2);
  switch (element.slice(0, 2)) {
    case "k:":
      return `[${keyText(rest)}]`;
    case "v:":
      return `[=${rest}]`;
    case "i:":
      return `[${rest}]`;
    default:
      return `.${rest}`;
  }
}

function keyText(json: string): string {
  const keys = JSON.parse(json) as Record<string, unknown>;
  return Object.entries(keys)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(",");
}
