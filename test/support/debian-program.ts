/**
 * Programs out of Debian packages, unpacked under `.cache/` and installed nowhere. The suite is read with a source file
 * and list folder of our own, so the machine's apt stays as it is.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const CACHE = join(import.meta.dirname, "..", "..", ".cache");

export interface DebianProgram {
  /** `bookworm`, `sid`, … */
  readonly suite: string;
  readonly debianPackage: string;
  /** Inside the package, for example `usr/bin/kubectl`. */
  readonly path: string;
}

function aptFiles(): string[] {
  const folder = "/etc/apt/sources.list.d";
  const files = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  return ["/etc/apt/sources.list", ...files].filter((path) => existsSync(path));
}

/** The Debian mirror that this machine uses, in either format of apt's sources; throws when there is none. */
function debianMirror(): string {
  const texts = aptFiles().map((path) => readFileSync(path, "utf8"));
  const uris = texts.flatMap((text) => [
    ...[...text.matchAll(/^URIs:\s*(\S+)/gm)].map((match) => match[1] ?? ""),
    ...[...text.matchAll(/^deb\s+(?:\[[^\]]*\]\s*)?(\S+)/gm)].map((match) => match[1] ?? ""),
  ]);
  const mirror = uris.find((uri) => /\/debian\/?$/.test(uri));
  if (mirror === undefined)
    throw new Error("no Debian mirror in the machine's apt sources: the tests need one for kubectl and other clients");
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

function download({ suite, debianPackage, path }: DebianProgram, target: string): void {
  const folder = join(dirname(target), `apt-${suite}`);
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
    renameSync(join(folder, "unpacked", path), target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Path of the program as `.cache/NAME`, fetched at the first call. */
export function debianProgram(name: string, program: DebianProgram): string {
  const target = join(CACHE, name);
  if (!existsSync(target)) {
    mkdirSync(dirname(target), { recursive: true });
    download(program, target);
  }
  return target;
}
