/** Who a request comes from (apiserver `pkg/authentication/user`). */
export interface UserInfo {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

export const ANONYMOUS: UserInfo = { name: "system:anonymous", uid: "", groups: ["system:unauthenticated"], extra: {} };
export const ALL_AUTHENTICATED = "system:authenticated";
/** Members may do everything without a role. */
export const SUPERUSER_GROUP = "system:masters";
