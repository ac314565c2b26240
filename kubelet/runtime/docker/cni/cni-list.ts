/** The network configuration of a node: the first list, by file name, of its folder, as other runtimes choose it. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { RuntimeCallError } from "../../runtime-error.ts";

export interface CniPluginConfig {
  readonly type: string;
  readonly capabilities?: Readonly<Record<string, boolean>>;
}

export interface CniList {
  readonly cniVersion: string;
  readonly name: string;
  readonly plugins: readonly CniPluginConfig[];
}

const EXTENSIONS = [".conflist", ".conf", ".json"];

/** Undefined when there is none yet; rejects when the first one cannot be understood. */
export async function readCniList(folder: string): Promise<CniList | undefined> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const [first] = names.filter((name) => EXTENSIONS.some((end) => name.endsWith(end))).toSorted();
  if (first === undefined) return undefined;
  return parseCniList(await readFile(join(folder, first), "utf8"), first);
}

/** A file of one plugin counts as a list of one. */
function parseCniList(text: string, file: string): CniList {
  const problem = (what: string): RuntimeCallError =>
    new RuntimeCallError("other", `network configuration ${file}: ${what}`);
  let parsed: Partial<CniList> & Partial<CniPluginConfig>;
  try {
    parsed = JSON.parse(text) as typeof parsed;
  } catch (error) {
    throw problem(`it is no JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  const { name, type, cniVersion = "0.1.0" } = parsed;
  if (typeof name !== "string" || name === "") throw problem("it has no name");
  const plugins = typeof type === "string" ? [parsed as CniPluginConfig] : (parsed.plugins ?? []);
  if (plugins.length === 0) throw problem("it has no plugins");
  return { cniVersion, name, plugins };
}
