/** `repository:tag` or `repository@digest`, taken apart: pure. Without either the Engine would pull every tag. */
export function splitImageName(name: string): { repository: string; tag: string } {
  const at = name.indexOf("@");
  if (at >= 0) return { repository: withoutTag(name.slice(0, at)), tag: name.slice(at + 1) };
  const repository = withoutTag(name);
  return { repository, tag: repository === name ? "latest" : name.slice(repository.length + 1) };
}

/** A colon before the last slash belongs to the registry's port. */
function withoutTag(name: string): string {
  const colon = name.lastIndexOf(":");
  return colon > name.lastIndexOf("/") ? name.slice(0, colon) : name;
}
