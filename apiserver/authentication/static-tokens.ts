/**
 * `--token-auth-file` (apiserver `pkg/authentication/token/tokenfile`): a line per token with token, user, uid and
 * groups, as CSV. As upstream, a token is looked up as it is; every request pays for what is done here.
 */
import { UNKNOWN_TOKEN, type TokenAuthenticator, verdictForApi } from "./token-authenticator.ts";
import type { UserInfo } from "./user.ts";
import { ALL_AUTHENTICATED } from "./user.ts";

/** Token, user and uid. */
const COLUMNS_MIN = 3;
const FIELD = /("(?:[^"]|"")*"|[^,]*)(?:,|$)/gy;

function fieldsOf(line: string): string[] {
  const fields: string[] = [];
  FIELD.lastIndex = 0;
  for (let match = FIELD.exec(line); match !== null && FIELD.lastIndex <= line.length; match = FIELD.exec(line)) {
    const text = (match[1] ?? "").trim();
    fields.push(text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text);
    if (FIELD.lastIndex === line.length && !line.endsWith(",")) break;
    if (match[0] === "") break;
  }
  return fields;
}

/** Users by their token. Throws for a line that lacks a field. */
export function readTokenFile(text: string): ReadonlyMap<string, UserInfo> {
  const users = new Map<string, UserInfo>();
  const lines = text.split(/\r?\n/u).filter((line) => line.trim() !== "" && !line.startsWith("#"));
  for (const line of lines) {
    const [token = "", name = "", uid = "", groups = ""] = fieldsOf(line);
    if (fieldsOf(line).length < COLUMNS_MIN) {
      throw new Error(
        `token file must have at least 3 columns (token, user name, user uid), found ${fieldsOf(line).length}`,
      );
    }
    if (token === "") continue;
    const named = groups.split(",").filter((group) => group !== "");
    users.set(token, { name, uid, groups: [...named, ALL_AUTHENTICATED], extra: {} });
  }
  return users;
}

export function staticTokens(text: string, apiAudiences: readonly string[]): TokenAuthenticator {
  const users = readTokenFile(text);
  return {
    authenticateToken: async (token, audiences) => {
      const user = users.get(token);
      return user === undefined ? UNKNOWN_TOKEN : verdictForApi(user, apiAudiences, audiences);
    },
  };
}
