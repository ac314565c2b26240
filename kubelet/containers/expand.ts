/**
 * Expansion of `$(NAME)` in commands, arguments and variables (`third_party/forked/golang/expansion`): `$$` is a
 * dollar, a name that is not known stays as it was written.
 */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  return text.replace(/\$(?:\$|\(([^)]*)\))/g, (whole, name: string | undefined) => {
    if (name === undefined) return "$";
    return lookup(name) ?? whole;
  });
}
