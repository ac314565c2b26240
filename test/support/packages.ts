/** Debian packages that the integration and e2e suites stand on; installed when they are missing and we are root. */
import { spawnSync } from "node:child_process";

const TEST_PACKAGES = [
  "busybox-static",
  "conntrack",
  "containerd",
  "containernetworking-plugins",
  "curl",
  "etcd-server",
  "iproute2",
  "iptables",
  "openssl",
  "procps",
  "python3-kubernetes",
  "runc",
  "unzip",
  "util-linux",
];

function isInstalled(name: string): boolean {
  const query = spawnSync("dpkg-query", ["-W", "-f", "${Status}", name], { encoding: "utf8" });
  return query.stdout === "install ok installed";
}

/** Installs what is missing; ends the process with a plain line when it may not or cannot. */
export function installTestPackages(): void {
  const missing = TEST_PACKAGES.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${missing.join(" ")}`;
  if (process.getuid?.() !== 0) {
    process.stderr.write(
      `The integration and e2e tests need root and these packages: run "${command}" as root first.\n`,
    );
    process.exit(1);
  }
  process.stdout.write(`Installing Debian packages for the tests: ${missing.join(" ")}\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  spawnSync("apt-get", ["update", "-q"], { stdio: "ignore", env });
  const result = spawnSync("sh", ["-c", command], { stdio: ["ignore", "ignore", "inherit"], env });
  if (result.status !== 0) {
    process.stderr.write(`Could not install them: run "${command}" by hand and read its messages.\n`);
    process.exit(1);
  }
}
