import { type ExecFileException, execFile } from "node:child_process";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { RuntimeCallError } from "../../runtime-error.ts";

/** Folders where distributions put the plugins. */
export const PLUGIN_FOLDERS = ["/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni"];

/** A plugin asks no network service: one that takes longer hangs. */
const PLUGIN_TIMEOUT_MS = 60_000;
const OUTPUT_BYTES_MAX = 1024 * 1024;

async function find(type: string): Promise<string> {
  if (type.includes("/")) throw new RuntimeCallError("other", `invalid plugin name: ${type}`);
  for (const folder of PLUGIN_FOLDERS) {
    const path = join(folder, type);
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  throw new RuntimeCallError("other", `failed to find plugin "${type}" in path [${PLUGIN_FOLDERS.join(" ")}]`);
}

/** A plugin says what failed as `{"code", "msg", "details"}` on its standard output. */
function failureOf(type: string, error: ExecFileException, stdout: string, stderr: string): RuntimeCallError {
  let text = stderr.trim() || error.message;
  try {
    const { msg = "", details = "" } = JSON.parse(stdout) as { msg?: string; details?: string };
    if (msg !== "") text = details === "" ? msg : `${msg}; ${details}`;
  } catch {
    // It died before it could say anything.
  }
  return new RuntimeCallError("other", `plugin type="${type}" failed: ${text}`, error);
}

/** Runs one plugin; resolves to what it prints, undefined for nothing. */
export async function runPlugin(
  type: string,
  environment: Readonly<Record<string, string>>,
  input: object,
): Promise<unknown> {
  const program = await find(type);
  return new Promise((resolve, reject) => {
    const options = {
      env: { PATH: process.env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin", ...environment },
      timeout: PLUGIN_TIMEOUT_MS,
      maxBuffer: OUTPUT_BYTES_MAX,
    };
    const child = execFile(program, [], options, (error, stdout, stderr) => {
      if (error !== null) return reject(failureOf(type, error, stdout, stderr));
      try {
        resolve(stdout.trim() === "" ? undefined : JSON.parse(stdout));
      } catch (cause) {
        reject(new RuntimeCallError("other", `plugin type="${type}" did not answer with JSON`, cause));
      }
    });
    // A plugin that ends without reading is told by its exit code.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(JSON.stringify(input));
  });
}
