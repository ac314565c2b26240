/** Whom the `Impersonate-*` headers ask for (apiserver `pkg/endpoints/filters/impersonation`). Pure. */
import { badRequest } from "../../../shared/errors/status-error.ts";
import type { UserInfo } from "../../authentication/user.ts";

const EXTRA_PREFIX = "impersonate-extra-";

function decodedKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    // One that is not escaped as it should be is taken as it is.
    return key;
  }
}

const goText = (text: string): string => JSON.stringify(text);
const goList = (texts: readonly string[]): string =>
  texts.length === 0 ? "[]string(nil)" : `[]string{${texts.map(goText).join(", ")}}`;

/** As Go prints such a value with `%#v`. */
function goUser({ name, uid, groups, extra }: UserInfo): string {
  const pairs = Object.entries(extra).map(([key, values]) => `${goText(key)}:${goList(values)}`);
  const extraText = pairs.length === 0 ? "map[string][]string(nil)" : `map[string][]string{${pairs.join(", ")}}`;
  return `&user.DefaultInfo{Name:${goText(name)}, UID:${goText(uid)}, Groups:${goList(groups)}, Extra:${extraText}}`;
}

/**
 * Takes names and values in turn, as they came: repeated headers must not be joined, for a group's name may contain a
 * comma. Nothing when they ask for nobody; 400 when they ask for parts of a user without its name.
 */
export function wantedUser(rawHeaders: readonly string[]): UserInfo | undefined {
  let name = "";
  let uid = "";
  const groups: string[] = [];
  const extra: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const header = (rawHeaders[index] ?? "").toLowerCase();
    if (!header.startsWith("impersonate-")) continue;
    const value = rawHeaders[index + 1] ?? "";
    if (header === "impersonate-user" && name === "") name = value;
    else if (header === "impersonate-uid" && uid === "") uid = value;
    else if (header === "impersonate-group") groups.push(value);
    else if (header.startsWith(EXTRA_PREFIX)) {
      (extra[decodedKey(header.slice(EXTRA_PREFIX.length))] ??= []).push(value);
    }
  }
  const wanted = { name, uid, groups, extra };
  if (name !== "") return wanted;
  const isPart = uid !== "" || groups.length > 0 || Object.keys(extra).length > 0;
  if (isPart) throw badRequest(`requested ${goUser(wanted)} without impersonating a user name`);
  return undefined;
}
