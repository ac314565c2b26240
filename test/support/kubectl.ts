/**
 * Unmodified kubectl of several versions: Debian's own packages, unpacked beside each other under `.cache/kubectl/`.
 * The newer suite is read with a source file and list folder of our own, so the machine's apt stays as it is.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const CACHE = join(import.meta.dirname, "..", "..", ".cache", "kubectl");

/** Debian suites and the package that holds kubectl there. */
const SUITES = {
  /** The newest there is. */
  newest: { suite: "sid", debianPackage: "kubectl" },
  /** Debian 12's: SPDY only, older discovery. */
  "1.20": { suite: "bookworm", debianPackage: "kubernetes-client" },
} as const;

export type KubectlVersion = keyof typeof SUITES;

function aptFiles(): string[] {
  const folder = "/etc/apt/sources.list.d";
  const files = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  return ["/etc/apt/sources.list", ...files].filter((path) => existsSync(path));
}

/** The Debian mirror that this machine uses, in either format of apt's sources; throws when there is none. */
export function debianMirror(texts = aptFiles().map((path) => readFileSync(path, "utf8"))): string {
  const uris = texts.flatMap((text) => [
    ...[...text.matchAll(/^URIs:\s*(\S+)/gm)].map((match) => match[1] ?? ""),
    ...[...text.matchAll(/^deb\s+(?:\[[^\]]*\]\s*)?(\S+)/gm)].map((match) => match[1] ?? ""),
  ]);
  const mirror = uris.find((uri) => /\/debian\/?$/.test(uri));
  if (mirror === undefined)
    throw new Error("no Debian mirror in the machine's apt sources: the tests need one for kubectl");
  return mirror;
}

function aptOptions(folder: string): string[] {
  const settings = {
    "Dir::State::Lists": join(folder, "lists"),
    "Dir::Etc::SourceList": join(folder, "sources.list"),
    "Dir::Etc::SourceParts": "-",
    "Dir::Cache": join(folder, "cache"),
    "Acquire::Languages": "none",
    "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
    "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled": "false",
    "APT::Sandbox::User": "root",
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
}

function download(version: KubectlVersion, target: string): void {
  const { suite, debianPackage } = SUITES[version];
  const folder = join(CACHE, `apt-${suite}`);
  for (const name of ["lists/partial", "cache/archives/partial"]) mkdirSync(join(folder, name), { recursive: true });
  const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
  const signed = existsSync(keyring) ? `[signed-by=${keyring}] ` : "";
  writeFileSync(join(folder, "sources.list"), `deb ${signed}${debianMirror()} ${suite} main\n`);
  const run = (...args: string[]): void =>
    void execFileSync("apt-get", [...aptOptions(folder), "-q", ...args], { cwd: folder, stdio: "pipe" });
  try {
    run("update");
    run("download", `${debianPackage}/${suite}`);
    const file = readdirSync(folder).find((name) => name.endsWith(".deb"));
    execFileSync("dpkg", ["-x", join(folder, file ?? ""), join(folder, "unpacked")]);
    renameSync(join(folder, "unpacked", "usr", "bin", "kubectl"), target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Path of a kubectl, fetched at the first call. */
export function kubectlPath(version: KubectlVersion): string {
  const target = join(CACHE, `kubectl-${version}`);
  if (!existsSync(target)) {
    mkdirSync(CACHE, { recursive: true });
    download(version, target);
  }
  return target;
}

export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Kubectl {
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
  /** Runs to the end; does not throw. */
  try(args: readonly string[], input?: string): KubectlResult;
  /** Standard output; throws with what kubectl said when it fails. */
  run(args: readonly string[], input?: string): string;
  json<T>(args: readonly string[]): T;
}

/** Longest run of one command. */
const KUBECTL_TIMEOUT_MS = 120_000;

/** A kubectl that speaks to the cluster of a kubeconfig file, with a home of its own. */
export function kubectlFor(kubeconfig: string, version: KubectlVersion = "newest"): Kubectl {
  const path = kubectlPath(version);
  const env = { ...process.env, KUBECONFIG: kubeconfig, HOME: join(kubeconfig, ".."), KUBE_EDITOR: "true" };
  const attempt = (args: readonly string[], input = ""): KubectlResult => {
    const done = spawnSync(path, args, {
      env,
      input,
      encoding: "utf8",
      timeout: KUBECTL_TIMEOUT_MS,
      maxBuffer: 64 * 1024 * 1024,
    });
    return { code: done.status ?? 137, stdout: done.stdout, stderr: done.stderr };
  };
  const run = (args: readonly string[], input?: string): string => {
    const result = attempt(args, input);
    if (result.code === 0) return result.stdout;
    throw new Error(`kubectl ${args.join(" ")}: code ${result.code}: ${result.stderr}${result.stdout}`);
  };
  return {
    path,
    env,
    try: attempt,
    run,
    json: <T>(args: readonly string[]) => JSON.parse(run([...args, "-o", "json"])) as T,
  };
}
