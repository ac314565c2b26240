import { UserError } from "../user-error.ts";
import { runCommand } from "./command.ts";
import { exists } from "./machine-checks.ts";

interface NeededProgram {
  readonly debianPackage: string;
  /** Any one of these files means that it is there. */
  readonly files: readonly string[];
}

const inPath = (program: string): string[] =>
  ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"].map((dir) => `${dir}/${program}`);

/** Folders where distributions put the CNI plugins. */
export const CNI_PLUGIN_DIRS = ["/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni"] as const;

const NODE_PROGRAMS: readonly NeededProgram[] = [
  { debianPackage: "containerd", files: inPath("containerd") },
  { debianPackage: "runc", files: inPath("runc") },
  { debianPackage: "containernetworking-plugins", files: CNI_PLUGIN_DIRS.map((dir) => `${dir}/bridge`) },
  { debianPackage: "iptables", files: inPath("iptables") },
  { debianPackage: "conntrack", files: inPath("conntrack") },
  { debianPackage: "iproute2", files: inPath("ip") },
];

const ETCD: NeededProgram = { debianPackage: "etcd-server", files: inPath("etcd") };

/** Packages whose programs are not on this machine. */
export function missingPackages(needsEtcd: boolean, isThere: (path: string) => boolean = exists): string[] {
  const needed = needsEtcd ? [...NODE_PROGRAMS, ETCD] : NODE_PROGRAMS;
  return needed.filter((program) => !program.files.some(isThere)).map((program) => program.debianPackage);
}

/** The command that one would type oneself. */
export function installCommand(packages: readonly string[]): string {
  return `apt-get update && apt-get install -y --no-install-recommends ${packages.join(" ")}`;
}

/** Installs with apt-get; a `UserError` says what to do where that does not work. */
export async function installPackages(packages: readonly string[]): Promise<void> {
  const command = installCommand(packages);
  if (!inPath("apt-get").some((path) => exists(path))) {
    throw new UserError(
      `These programs are missing: ${packages.join(", ")}; and this is not a Debian or Ubuntu machine.`,
      "Install them with the machine's own package manager, then run the command again.",
    );
  }
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  // An outdated list of packages is worth a try; apt-get install tells when it was not enough.
  await runCommand("apt-get", ["update", "-q"], { env });
  const args = ["install", "-y", "-q", "--no-install-recommends", ...packages];
  const result = await runCommand("apt-get", args, { env });
  if (result.code === 0) return;
  const reason = result.stderr.trim().split("\n").at(-1) ?? "";
  throw new UserError(`Could not install ${packages.join(", ")}: ${reason}`, `See what this says: ${command}`);
}
