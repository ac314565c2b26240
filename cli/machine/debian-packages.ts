import { existsSync, rmSync, writeFileSync } from "node:fs";
import type { Cluster } from "../cluster/cluster.ts";
import { hasOwnEtcd } from "../pki/cluster-certificates.ts";
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
const DOCKER: NeededProgram = { debianPackage: "docker.io", files: inPath("dockerd") };

/** Packages whose programs are not on this machine. */
export function missingPackages(
  cluster: Pick<Cluster, "store" | "runtime">,
  isThere: (path: string) => boolean = exists,
): string[] {
  const needed = [
    ...NODE_PROGRAMS,
    ...(hasOwnEtcd(cluster) ? [ETCD] : []),
    ...(cluster.runtime === "docker" ? [DOCKER] : []),
  ];
  return needed.filter((program) => !program.files.some(isThere)).map((program) => program.debianPackage);
}

/** The command that one would type oneself. */
export function installCommand(packages: readonly string[]): string {
  return `apt-get update && apt-get install -y --no-install-recommends ${packages.join(" ")}`;
}

const SERVICE_POLICY = "/usr/sbin/policy-rc.d";

/** Packages that bring a service must not start it: Debian asks this program, when there is one. */
async function withoutServices<T>(install: () => Promise<T>): Promise<T> {
  if (existsSync(SERVICE_POLICY)) return install();
  writeFileSync(SERVICE_POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    return await install();
  } finally {
    rmSync(SERVICE_POLICY, { force: true });
  }
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
  const result = await withoutServices(() => runCommand("apt-get", args, { env }));
  if (packages.includes(DOCKER.debianPackage)) {
    // The cluster has a daemon of its own; the package's would change the machine's packet filter at the next start.
    await runCommand("systemctl", ["disable", "--quiet", "docker.service", "docker.socket"]);
  }
  if (result.code === 0) return;
  const reason = result.stderr.trim().split("\n").at(-1) ?? "";
  throw new UserError(`Could not install ${packages.join(", ")}: ${reason}`, `See what this says: ${command}`);
}
