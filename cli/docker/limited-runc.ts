/**
 * A step before runc for machines that lack a capability (many sandboxes lack `CAP_SYS_RESOURCE`): the Engine gives
 * privileged containers all that the kernel knows, and runc then fails. The step takes what is missing out of the
 * container's and the command's description. Pure.
 */
export function limitedRunc(missing: readonly string[]): string {
  const removals = missing.flatMap((name) => [`s/"${name}",//g`, `s/,"${name}"//g`, `s/"${name}"//g`]);
  return `#!/bin/sh
previous= bundle= process=
for word; do
  case "$previous" in
    -b | --bundle) bundle=$word/config.json ;;
    -p | --process) process=$word ;;
  esac
  previous=$word
done
for file in "$bundle" "$process"; do
  [ -f "$file" ] && sed -i '${removals.join("; ")}' "$file"
done
exec runc "$@"
`;
}
