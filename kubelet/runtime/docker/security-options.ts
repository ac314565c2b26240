/** Identity and confinement in the Engine's words: pure. */
import type { ContainerSecuritySpec, SecurityProfileSpec } from "../runtime.ts";
import { RuntimeCallError } from "../runtime-error.ts";

interface Identity {
  readonly runAsUser?: number | undefined;
  readonly runAsUsername?: string | undefined;
  readonly runAsGroup?: number | undefined;
}

/** Throws for a group without a user, which no runtime can make sense of. */
export function userOf({ runAsUser, runAsUsername, runAsGroup }: Identity): { User?: string } {
  const user = runAsUser ?? runAsUsername ?? "";
  if (user === "") {
    if (runAsGroup === undefined) return {};
    throw new RuntimeCallError("other", `user group "${runAsGroup}" is specified without user`);
  }
  return { User: runAsGroup === undefined ? String(user) : `${user}:${runAsGroup}` };
}

/** Reads a profile of the node; its text goes to the Engine. */
export type ReadProfile = (path: string) => string;

export function securityOptions(
  security: Pick<ContainerSecuritySpec, "seccomp" | "appArmor" | "hasNoNewPrivileges" | "isPrivileged">,
  readProfile: ReadProfile,
): string[] {
  const { appArmor } = security;
  return [
    ...(security.hasNoNewPrivileges ? ["no-new-privileges"] : []),
    ...seccompOption(security.seccomp, readProfile),
    ...(appArmor === undefined || security.isPrivileged ? [] : appArmorOption(appArmor)),
  ];
}

function seccompOption(profile: SecurityProfileSpec, readProfile: ReadProfile): string[] {
  switch (profile.type) {
    case "RuntimeDefault":
      return [];
    case "Unconfined":
      return ["seccomp=unconfined"];
    case "Localhost":
      return [`seccomp=${readProfile(profile.localhostRef ?? "")}`];
  }
}

function appArmorOption({ type, localhostRef }: SecurityProfileSpec): string[] {
  if (type === "RuntimeDefault") return [];
  return [`apparmor=${type === "Unconfined" ? "unconfined" : (localhostRef ?? "")}`];
}
